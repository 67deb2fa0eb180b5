// The flagstream command as a real process: the built one when `make test` has built it, otherwise its
// sources through tsx.

import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { type ProcessOptions, TestProcess } from './process.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT: string = path.resolve(import.meta.dirname, '../..');

/** Starts `flagstream ARGS` and leaves it running, for example ['serve', '--role', 'evaluator']. */
export function startFlagstream(
  commandArguments: readonly string[],
  options: ProcessOptions = {},
): TestProcess {
  const name = `flagstream ${commandArguments.join(' ')}`;
  return new TestProcess(name, process.execPath, [...entryPoint(), ...commandArguments], options);
}

/** Runs `flagstream ARGS` to its end. */
export async function runFlagstream(
  commandArguments: readonly string[],
  options: ProcessOptions = {},
): Promise<Finished> {
  const started = startFlagstream(commandArguments, options);
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}

/**
 * Node's arguments up to and including the program, for shells that start it in their own way.
 * FLAGSTREAM_TEST_BUILT says that what `make build` makes is current.
 */
export function entryPoint(): string[] {
  if (process.env['FLAGSTREAM_TEST_BUILT'] === '1')
    return [path.join(ROOT, 'packages/cli/bin/flagstream.js')];
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['--conditions=source', '--import', tsx, path.join(ROOT, 'packages/cli/src/main.ts')];
}

/** The revision that a write says it became. */
export function revisionIn({ stderr }: Finished): number {
  return Number(/\(revision (\d+), e1\.\1\)/.exec(stderr)?.[1]);
}
