/** For tests: random contexts of requests, and what else requests hold. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import type { EvaluateRequest } from '../gen/flagstream/v1/evaluation.ts';

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(
    fc.oneof(fc.string({ unit: 'grapheme', maxLength: 45 }), fc.constantFrom('__proto__', 'plan', '')),
    tie('value'),
    { maxKeys: 6, noNullPrototype: true },
  ),
}));
export const contexts: fc.Arbitrary<EvaluateRequest['context']> = fc.option(
  json.object as fc.Arbitrary<Record<string, unknown>>,
  { nil: undefined },
);

export const revisions: fc.Arbitrary<EvaluateRequest['minRevision']> = fc.option(
  fc.record({
    epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    revision: fc.bigInt(0n, 2n ** 64n - 1n),
    hash: fc.constant(new Uint8Array()),
  }),
  { nil: undefined },
);

/** A field that no request has. */
export const unknownFields: fc.Arbitrary<Uint8Array> = fc.constantFrom(
  new BinaryWriter().tag(60, WireType.Varint).uint32(300).finish(),
  new BinaryWriter().tag(61, WireType.Bit64).double(1).finish(),
  new BinaryWriter().tag(62, WireType.LengthDelimited).string('x').finish(),
  new BinaryWriter().tag(63, WireType.Bit32).float(1).finish(),
);
