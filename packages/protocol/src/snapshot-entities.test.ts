import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { versionedEntityFromWire } from './codec.ts';
import { SnapshotEntities } from './gen/flagstream/v1/log.ts';
import { readSnapshotEntities } from './snapshot-entities.ts';

const texts = fc.oneof(fc.constantFrom('', 'default', 'production', 'new-checkout'), fc.string());
const contents = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const changes = fc.record({
  kind: fc.integer({ min: -1, max: 9 }),
  project: texts,
  environment: texts,
  key: texts,
  deleted: fc.boolean(),
  content: contents,
  contentHash: contents,
  tags: fc.array(texts, { maxLength: 3 }),
  clientVisible: fc.boolean(),
});
const versions = fc.oneof(fc.nat(), fc.maxSafeNat()).map(BigInt);
const messages = fc.array(fc.record({ change: changes, version: versions }), { maxLength: 8 });

/** Fields that a newer release may write: of each wire type, with numbers that are free here. */
const unknownFields = fc.oneof(
  fc.nat().map((value) => new BinaryWriter().tag(30, WireType.Varint).uint32(value).finish()),
  fc.nat().map((value) => new BinaryWriter().tag(31, WireType.Bit32).fixed32(value).finish()),
  fc.double().map((value) => new BinaryWriter().tag(32, WireType.Bit64).double(value).finish()),
  contents.map((bytes) => new BinaryWriter().tag(33, WireType.LengthDelimited).bytes(bytes).finish()),
  // A known number with another type.
  fc.nat().map((value) => new BinaryWriter().tag(2, WireType.Bit32).fixed32(value).finish()),
);

const generated = (bytes: Uint8Array): unknown =>
  SnapshotEntities.decode(bytes).entities.map(versionedEntityFromWire);

describe('entities of a snapshot, read from their bytes', () => {
  it('are those that the generated decoder reads', () => {
    fc.assert(
      fc.property(messages, (entities) => {
        const bytes = Buffer.from(SnapshotEntities.encode({ entities } as never).finish());
        expect(readSnapshotEntities(bytes)).toEqual(generated(bytes));
      }),
    );
  });

  it('are so among fields that are not known, written more than once, and in any order', () => {
    const field = (number: number, bytes: Uint8Array): Uint8Array =>
      new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
    const pieces = fc.oneof(
      unknownFields,
      texts.chain((text) => fc.constantFrom(2, 3, 4, 8).map((at) => field(at, Buffer.from(text)))),
      contents.chain((bytes) => fc.constantFrom(6, 7).map((at) => field(at, bytes))),
      fc
        .tuple(fc.constantFrom(1, 5, 9), fc.nat(9))
        .map(([at, value]) => new BinaryWriter().tag(at, WireType.Varint).int32(value).finish()),
    );
    const message = fc.array(pieces, { maxLength: 12 }).map((parts) => Buffer.concat(parts));
    const entity = fc
      .tuple(unknownFields, message, message, versions)
      .map(([more, first, second, version]) =>
        Buffer.concat([
          more,
          new BinaryWriter().tag(2, WireType.Varint).uint64(version).finish(),
          field(1, first),
          field(1, second),
        ]),
      );
    fc.assert(
      fc.property(fc.array(entity, { maxLength: 4 }), unknownFields, (entities, more) => {
        const bytes = Buffer.concat([more, ...entities.map((each) => field(1, each)), more]);
        expect(readSnapshotEntities(bytes)).toEqual(generated(bytes));
      }),
    );
  });

  it('are refused where the generated decoder refuses them, and without content', () => {
    const bytes = SnapshotEntities.encode({
      entities: [{ change: undefined, version: 1n }],
    }).finish();
    expect(() => readSnapshotEntities(bytes)).toThrow('without content');
    const tooNew = SnapshotEntities.encode(
      SnapshotEntities.fromPartial({ entities: [{ change: { key: 'a' }, version: 2n ** 53n }] }),
    ).finish();
    expect(() => readSnapshotEntities(tooNew)).toThrow('is not a revision');
    const cut = tooNew.subarray(0, 3);
    expect(() => SnapshotEntities.decode(cut)).toThrow();
    expect(() => readSnapshotEntities(cut)).toThrow();
  });
});
