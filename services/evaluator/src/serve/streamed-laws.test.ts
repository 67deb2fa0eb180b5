import {
  ErrorCode,
  EvaluateStreamRequest,
  type EvaluateStreamResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contexts } from '../../../../packages/engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../../../packages/engine/src/laws/full-size.fixture.ts';
import { tameSets } from '../../../../packages/engine/src/laws/tame-definitions.fixture.ts';
import { nows } from '../../../../packages/engine/src/laws/vocabulary.fixture.ts';
import { closing, Inbox, start, TestClock } from '../evaluator.fixture.ts';
import { commitUnits, shopLog } from '../log.fixture.ts';
import { ASKED, answerOfResult, singleAnswer } from './single-answer.fixture.ts';

const KINDS = 6;

describe('EvaluateStream', { timeout: LAW_TIMEOUT_MS }, () => {
  it('answers each evaluation as Evaluate does, whatever the flags, with its own context or the message’s', async () => {
    const clock = new TestClock();
    const log = shopLog();
    const started = await start(log, { now: clock.now });
    await started.evaluator.ready();
    const stream = closing(started.client.evaluateStream(), (open) => open.cancel());
    const inbox = new Inbox(stream as ClientDuplexStream<never, EvaluateStreamResponse>);
    let id = 0n;
    let errors = 0;
    const kinds = fc.array(fc.integer({ min: 0, max: KINDS - 1 }) as fc.Arbitrary<FlagKind>, {
      minLength: ASKED.length,
      maxLength: ASKED.length,
    });
    await fc.assert(
      fc.asyncProperty(
        tameSets,
        contexts,
        fc.option(contexts, { nil: undefined }),
        kinds,
        nows,
        async (units, shared, own, expected, nowMs) => {
          clock.nowMs = nowMs;
          commitUnits(log, units);
          id += 1n;
          const evaluations = ASKED.map((flagKey, index) => ({
            flagKey,
            context: index % 2 === 0 ? own : undefined,
            expectedKind: expected[index]!,
          }));
          stream.write(EvaluateStreamRequest.fromPartial({ id, evaluations, context: shared }));
          const answer = await inbox.until(() => inbox.messages.find((message) => message.id === id));
          expect(answer.revision).toBe(BigInt(log.position.revision));
          expect(answer.results.map(({ flagKey }) => flagKey)).toEqual(ASKED);
          for (const [index, result] of answer.results.entries()) {
            const { flagKey, context = shared, expectedKind } = evaluations[index]!;
            expect(answerOfResult(result)).toEqual(
              await singleAnswer(started, flagKey, context, expectedKind),
            );
            errors += Number(result.errorCode !== ErrorCode.UNSPECIFIED);
          }
        },
      ),
      { numRuns: sized(20, 500) },
    );
    expect(errors).toBeGreaterThan(0);
  });
});
