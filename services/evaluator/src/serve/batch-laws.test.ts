import { ErrorCode } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contexts } from '../../../../packages/engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../../../packages/engine/src/laws/full-size.fixture.ts';
import { tameSets } from '../../../../packages/engine/src/laws/tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from '../../../../packages/engine/src/laws/vocabulary.fixture.ts';
import { call, start, TestClock } from '../evaluator.fixture.ts';
import { commitUnits, shopLog } from '../log.fixture.ts';
import { ASKED, answerOfResult, singleAnswer } from './single-answer.fixture.ts';

const CONTEXTS = 4;
describe('EvaluateBatch', { timeout: LAW_TIMEOUT_MS }, () => {
  it('answers each pair of flag and context as Evaluate does, whatever the flags', async () => {
    const clock = new TestClock();
    const log = shopLog();
    const started = await start(log, { now: clock.now });
    await started.evaluator.ready();
    const { client } = started;
    let errors = 0;
    await fc.assert(
      fc.asyncProperty(
        tameSets,
        fc.array(contexts, { minLength: CONTEXTS, maxLength: CONTEXTS }),
        nows,
        async (units, each, nowMs) => {
          clock.nowMs = nowMs;
          commitUnits(log, units);
          const batch = await call(client, client.evaluateBatch, {
            flagKeys: ASKED,
            contexts: each,
            allowStale: false,
          });
          expect(batch.revision).toBe(BigInt(log.position.revision));
          expect(batch.results).toHaveLength(CONTEXTS);
          for (const [index, { results }] of batch.results.entries()) {
            expect(results.map(({ flagKey }) => flagKey)).toEqual(ASKED);
            for (const result of results) {
              expect(answerOfResult(result)).toEqual(
                await singleAnswer(started, result.flagKey, each[index]!),
              );
              errors += Number(result.errorCode !== ErrorCode.UNSPECIFIED);
            }
          }
          const everyFlag = await call(client, client.evaluateBatch, {
            flagKeys: [],
            contexts: each,
            allowStale: false,
          });
          const named = [...FLAG_KEYS, 'new-checkout'].sort();
          expect(everyFlag.results).toEqual(
            batch.results.map(({ results }) => ({
              results: named.map((key) => results.find(({ flagKey }) => flagKey === key)),
            })),
          );
        },
      ),
      { numRuns: sized(10, 300) },
    );
    expect(errors).toBeGreaterThan(0);
  });
});
