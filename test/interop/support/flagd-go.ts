// flagd's own evaluator, in the program flagd-go (../flagd-go).

import { spawnSync } from 'node:child_process';
import type { JsonObject, JsonValue } from '@flagstream/engine';
import { requiresTool } from './requires-tool.ts';

/** A line of its input. */
export interface FlagdCase {
  readonly id: string;
  /** As text, so that spelling counts too. */
  readonly document: string;
  readonly flagKey: string;
  readonly context: JsonObject;
  readonly type: string;
}

/** A line of its output. */
export type FlagdGoAnswer = { readonly id: string; readonly unixSeconds: number } & (
  | { readonly rejected: string }
  | {
      readonly rejected?: undefined;
      readonly reason: string;
      readonly variant?: string;
      readonly value?: JsonValue;
      readonly errorCode?: string;
      readonly metadata?: JsonObject;
    }
);

const tool = requiresTool('flagd-go', "Go 1.25 to build flagd's evaluator");
const TIMEOUT_MS = 120_000;
const OUTPUT_BYTES_MAX = 256 * 2 ** 20;

/** `describe` for cases that ask it. */
export const describeFlagdGo: (name: string, body: () => void) => void = tool.describe;

/** One answer for each case, in order. */
export function askFlagdGo(cases: readonly FlagdCase[]): readonly FlagdGoAnswer[] {
  const { status, stdout, stderr, error } = spawnSync(tool.program, {
    input: cases.map((each) => `${JSON.stringify(each)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`flagd-go ended with ${status}: ${error?.message ?? stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FlagdGoAnswer);
}
