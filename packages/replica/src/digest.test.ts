import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entityDigest, StateDigest } from './digest.ts';
import { entityKey } from './entity.ts';
import { flag, jsonCodec } from './log.fixture.ts';

const { sha256 } = jsonCodec;
const a = { change: flag('a', '1'), version: 1 };
const b = { change: flag('b', '1'), version: 2 };
const NOTHING = new Uint8Array(16);

const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);

describe('StateDigest', () => {
  it('does not depend on the order, and taking away undoes adding', () => {
    const digest = StateDigest.of(sha256, [a, b]);
    expect(StateDigest.of(sha256, [b, a])).toEqual(digest);
    digest.remove(entityDigest(sha256, a));
    expect(digest.toBytes()).toEqual(StateDigest.of(sha256, [b]).toBytes());
    digest.remove(entityDigest(sha256, b));
    expect(digest.toBytes()).toEqual(NOTHING);
  });

  it('leaves deleted entities out', () => {
    expect(StateDigest.of(sha256, [{ change: flag('a', null), version: 3 }]).toBytes()).toEqual(NOTHING);
  });

  it('tells apart content, version and identity', () => {
    const variants = [
      a,
      { ...a, version: 2 },
      { ...a, change: flag('a', '2') },
      { ...a, change: flag('a', '1', 'q') },
      { ...a, change: flag('c', '1') },
    ];
    const summands = variants.map((entity) => entityDigest(sha256, entity).join());
    expect(new Set(summands).size).toBe(variants.length);
  });

  it('is a sum modulo 2^128, and goes through bytes and halves', () => {
    const summand = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const words = fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { minLength: 16, maxLength: 16 });
    const summands = fc.array(
      fc.oneof(
        summand,
        words.map((bytes) => Uint8Array.from(bytes)),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(summands, summands, (added, removed) => {
        const digest = new StateDigest();
        for (const bytes of added) digest.add(bytes);
        for (const bytes of removed) digest.remove(bytes);
        const sum = added.reduce((total, bytes) => total + numberOf(bytes), 0n);
        const value = BigInt.asUintN(
          128,
          removed.reduce((total, bytes) => total - numberOf(bytes), sum),
        );
        expect(numberOf(digest.toBytes())).toBe(value);
        expect(digest.halves).toEqual({ hi: value >> 64n, lo: BigInt.asUintN(64, value) });
        expect(StateDigest.from(digest.toBytes()).toBytes()).toEqual(digest.toBytes());
      }),
    );
  });

  it('hashes the key of the entity, its version and the hash of its content', () => {
    const long = { change: flag('k'.repeat(600), '1'), version: 12_345 };
    for (const entity of [a, long, b]) {
      const id = new TextEncoder().encode(`${entityKey(entity.change)}/${entity.version}/`);
      const input = Uint8Array.of(...id, ...entity.change.contentHash);
      expect(entityDigest(sha256, entity)).toEqual(sha256(input));
    }
  });

  it('takes the first 16 bytes of a hash', () => {
    const [digest, cut] = [new StateDigest(), new StateDigest()];
    digest.add(entityDigest(sha256, a));
    cut.add(entityDigest(sha256, a).subarray(0, 16));
    expect(digest.toBytes()).toEqual(cut.toBytes());
  });

  it('is of 16 bytes and no others', () => {
    for (const length of [0, 15, 17])
      expect(() => StateDigest.from(new Uint8Array(length))).toThrow(`has 16 bytes, this one ${length}`);
  });
});
