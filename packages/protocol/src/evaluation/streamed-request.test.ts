import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlagstreamError } from '../errors.ts';
import { EvaluateStreamRequest } from '../gen/flagstream/v1/evaluation.ts';
import type { FlagKind } from '../gen/flagstream/v1/model.ts';
import { contexts, revisions, unknownFields } from './requests.fixture.ts';
import { StreamedRequest } from './streamed-request.ts';

/** All of a message, in the generated decoder's form. */
function read(bytes: Uint8Array): EvaluateStreamRequest {
  const request = new StreamedRequest(Buffer.from(bytes));
  const id = new BinaryWriter().uint32(8).raw(request.id).finish();
  return {
    id: request.id.length === 0 ? 0n : EvaluateStreamRequest.decode(id).id,
    evaluations: Array.from({ length: request.evaluations }, (_, index) => request.evaluation(index)),
    context: request.context(),
    minRevision: request.minRevision,
    allowStale: request.allowStale,
  };
}

const requests: fc.Arbitrary<EvaluateStreamRequest> = fc.record({
  id: fc.bigInt(0n, 2n ** 64n - 1n),
  evaluations: fc.array(
    fc.record({
      flagKey: fc.string({ unit: 'grapheme', maxLength: 60 }),
      context: contexts,
      expectedKind: fc.integer({ min: 0, max: 7 }) as fc.Arbitrary<FlagKind>,
    }),
    { maxLength: 5 },
  ),
  context: contexts,
  minRevision: revisions,
  allowStale: fc.boolean(),
});

describe('a message of EvaluateStream', () => {
  it('is read as the generated decoder reads it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const bytes = EvaluateStreamRequest.encode(request).finish();
        expect(read(bytes)).toEqual(EvaluateStreamRequest.decode(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('is read so also where the last of two fields counts, and others are unknown', () => {
    fc.assert(
      fc.property(requests, requests, unknownFields, (first, second, between) => {
        const bytes = Buffer.concat([
          EvaluateStreamRequest.encode(first).finish(),
          between,
          EvaluateStreamRequest.encode(second).finish(),
        ]);
        expect(read(bytes)).toEqual(EvaluateStreamRequest.decode(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('is read so or refused when it is damaged', () => {
    let refused = 0;
    const damages = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(requests, damages, fc.nat(20), (request, changes, cut) => {
        const whole = EvaluateStreamRequest.encode(request).finish();
        fc.pre(whole.length > 0);
        const bytes = whole.slice(0, Math.max(1, whole.length - Math.max(0, cut - 15)));
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        let seen: EvaluateStreamRequest;
        try {
          seen = read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FlagstreamError);
          expect(error).toMatchObject({ reason: 'INVALID_FIELD' });
          refused += 1;
          return;
        }
        expect(seen).toEqual(EvaluateStreamRequest.decode(bytes));
      }),
      { numRuns: 2_000 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('is refused where contexts hold each other without end', () => {
    let context: Record<string, unknown> = {};
    for (let level = 0; level < 40; level++) context = { n: context };
    const bytes = EvaluateStreamRequest.encode(EvaluateStreamRequest.fromPartial({ context })).finish();
    expect(() => new StreamedRequest(Buffer.from(bytes)).context()).toThrow(/nested deeper than 32 levels/);
  });
});
