// Our own contract from other languages: short programs over code that each language's ordinary generator makes from
// proto/. The README shows them; each prints what it was answered, which our own client must have been answered too.

import {
  EvaluateBatchRequest,
  EvaluationServiceClient,
  reasonToJSON,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { credentials } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { callUnary } from '../support/grpc-call.ts';
import { TestProcess } from '../support/process.ts';
import { hold } from '../support/resources.ts';
import { requiresTool } from './support/requires-tool.ts';

/** What the programs ask, of the demo. */
const FLAG = 'new-checkout';
const USERS = ['user-1', 'user-2', 'user-3'];
const PROGRAMS = [
  ['own-go', 'Go 1.26'],
  ['own-python', 'Python 3.10 with grpcio-tools'],
  ['own-java', 'Java 17 with Maven'],
  ['own-rust', 'Rust with cargo'],
] as const;
/** A Java program on a busy machine. */
const START_TIMEOUT_MS = 50_000;

interface Line {
  readonly call: string;
  readonly of: string | undefined;
  readonly value: boolean;
  readonly variant: string;
  readonly reason: string;
}
type Answer = Pick<Line, 'value' | 'variant' | 'reason'>;

describe('our contract', () => {
  let dev: DevInstance;
  let flags: EvaluationServiceClient;
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
    flags = new EvaluationServiceClient(`localhost:${dev.evaluatorPort}`, credentials.createInsecure());
    hold({ what: 'our client', release: () => flags.close(), releaseNow: () => flags.close() });
  });

  /** What our own client is answered for each user once the flag is on, or off. */
  async function answersWith(enabled: boolean): Promise<readonly Answer[]> {
    const { epoch, revision } = await dev.admin.setEnabled(FLAG, enabled);
    const minRevision = { epoch, revision: BigInt(revision) };
    const contexts = USERS.map((targetingKey) => ({ targetingKey, country: 'NL' }));
    const request = EvaluateBatchRequest.fromPartial({ flagKeys: [FLAG], contexts, minRevision });
    const { results } = await callUnary(flags, flags.evaluateBatch, request);
    return results.map(({ results: [result] }) => ({
      value: result?.value,
      variant: result?.variant ?? '',
      reason: reasonToJSON(result!.reason),
    }));
  }

  for (const [name, toolchain] of PROGRAMS) {
    const tool = requiresTool(name, toolchain);
    tool.describe(name, () => {
      test('Evaluate, EvaluateBatch, EvaluateStream and Watch', async () => {
        const expected = await answersWith(true);
        expect(new Set(expected.map(({ value }) => value)).size).toBe(2);
        const [first] = expected;
        const program = new TestProcess(name, tool.program, [`localhost:${dev.evaluatorPort}`]);
        await program.waitForLine(/"initial"/, START_TIMEOUT_MS);
        const [afterwards] = await answersWith(false);
        expect(await program.exited, program.text('stderr')).toEqual({ code: 0, signal: null });
        const printed = program.lines.filter(({ stream }) => stream === 'stdout').map(({ json }) => json);
        expect(afterwards).toMatchObject({ value: false, reason: 'REASON_DISABLED' });
        expect(printed).toEqual([
          { call: 'Evaluate', of: USERS[0], ...first },
          ...expected.map((answer, index) => ({ call: 'EvaluateBatch', of: USERS[index], ...answer })),
          ...expected.map((answer, index) => ({ call: 'EvaluateStream', of: String(index + 1), ...answer })),
          { call: 'Watch', of: 'initial', ...first },
          { call: 'Watch', of: 'changed', ...afterwards },
        ] satisfies readonly Partial<Line>[]);
      });
    });
  }
});
