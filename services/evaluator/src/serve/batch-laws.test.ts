import type { JsonObject } from '@flagstream/engine';
import { FlagstreamError } from '@flagstream/protocol';
import { ErrorCode, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contexts } from '../../../../packages/engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../../../packages/engine/src/laws/full-size.fixture.ts';
import { tameSets } from '../../../../packages/engine/src/laws/tame-definitions.fixture.ts';
import { FLAG_KEYS, nows } from '../../../../packages/engine/src/laws/vocabulary.fixture.ts';
import { call, type Started, start, TestClock } from '../evaluator.fixture.ts';
import { commitUnits, shopLog } from '../log.fixture.ts';

const CONTEXTS = 4;
const ASKED = [...FLAG_KEYS, 'new-checkout', 'nowhere'];

type Answer = Pick<EvaluationResult, 'value' | 'variant' | 'reason' | 'ruleId' | 'kind' | 'enabled'>;

/** What Evaluate says: an answer, or the message of the call's error. */
async function single(
  { client }: Started,
  flagKey: string,
  context: JsonObject,
): Promise<Answer | { readonly errorMessage: string }> {
  try {
    const { value, variant, reason, ruleId, kind, enabled } = await call(client, client.evaluate, {
      flagKey,
      context,
      expectedKind: 0,
      allowStale: false,
    });
    return { value, variant, reason, ruleId, kind, enabled };
  } catch (error) {
    expect(error).toBeInstanceOf(FlagstreamError);
    return { errorMessage: (error as FlagstreamError).message };
  }
}

/** The same of one result of a batch. */
function ofBatch({
  errorCode,
  errorMessage,
  flagKey: _,
  ...answer
}: EvaluationResult): Awaited<ReturnType<typeof single>> {
  return errorCode === ErrorCode.UNSPECIFIED ? answer : { errorMessage };
}

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
              expect(ofBatch(result)).toEqual(await single(started, result.flagKey, each[index]!));
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
