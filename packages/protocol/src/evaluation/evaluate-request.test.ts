import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlagstreamError } from '../errors.ts';
import { EvaluateRequest } from '../gen/flagstream/v1/evaluation.ts';
import type { FlagKind } from '../gen/flagstream/v1/model.ts';
import { LIMITS } from '../limits.ts';
import { readEvaluateRequest } from './evaluate-request.ts';
import { contexts, revisions, unknownFields } from './requests.fixture.ts';

const requests: fc.Arbitrary<EvaluateRequest> = fc.record({
  flagKey: fc.string({ unit: 'grapheme', maxLength: 60 }),
  context: contexts,
  expectedKind: fc.integer({ min: 0, max: 7 }) as fc.Arbitrary<FlagKind>,
  minRevision: revisions,
  allowStale: fc.boolean(),
});

describe('a request of Evaluate', () => {
  it('is read as the generated decoder reads it, also where the last of two fields counts', () => {
    fc.assert(
      fc.property(requests, requests, unknownFields, (first, second, between) => {
        const bytes = Buffer.concat([
          EvaluateRequest.encode(first).finish(),
          between,
          EvaluateRequest.encode(second).finish(),
        ]);
        expect(readEvaluateRequest(bytes)).toEqual(EvaluateRequest.decode(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('is read so where it is long', () => {
    const context = { plan: 'p'.repeat(LIMITS.streamedRequestBytesMax), country: 'NL' };
    const bytes = Buffer.from(EvaluateRequest.encode(EvaluateRequest.fromPartial({ context })).finish());
    expect(readEvaluateRequest(bytes)).toEqual(EvaluateRequest.decode(bytes));
  });

  it('is read so or refused when it is damaged', () => {
    let refused = 0;
    fc.assert(
      fc.property(requests, fc.nat(), fc.nat(255), fc.nat(5), (request, at, byte, cut) => {
        const whole = Buffer.from(EvaluateRequest.encode(request).finish());
        fc.pre(whole.length > cut);
        const bytes = whole.subarray(0, whole.length - cut);
        bytes[at % bytes.length] = byte;
        let seen: EvaluateRequest;
        try {
          seen = readEvaluateRequest(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FlagstreamError);
          expect(error).toMatchObject({ reason: 'INVALID_FIELD' });
          refused += 1;
          return;
        }
        expect(seen).toEqual(EvaluateRequest.decode(bytes));
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(0);
  });
});
