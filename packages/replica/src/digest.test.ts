import { describe, expect, it } from 'vitest';
import { entityDigest, StateDigest } from './digest.ts';
import { flag, jsonCodec } from './log.fixture.ts';

const { sha256 } = jsonCodec;
const a = { change: flag('a', '1'), version: 1 };
const b = { change: flag('b', '1'), version: 2 };

describe('StateDigest', () => {
  it('does not depend on the order, and taking away undoes adding', () => {
    const digest = StateDigest.of(sha256, [a, b]);
    expect(StateDigest.of(sha256, [b, a]).value).toBe(digest.value);
    digest.remove(entityDigest(sha256, a));
    expect(digest.value).toBe(StateDigest.of(sha256, [b]).value);
    digest.remove(entityDigest(sha256, b));
    expect(digest.value).toBe(0n);
  });

  it('leaves deleted entities out', () => {
    expect(StateDigest.of(sha256, [{ change: flag('a', null), version: 3 }]).value).toBe(0n);
  });

  it('tells apart content, version and identity', () => {
    const variants = [
      a,
      { ...a, version: 2 },
      { ...a, change: flag('a', '2') },
      { ...a, change: flag('a', '1', 'q') },
      { ...a, change: flag('c', '1') },
    ];
    expect(new Set(variants.map((entity) => entityDigest(sha256, entity))).size).toBe(variants.length);
  });

  it('wraps around at 128 bits and goes through bytes and halves', () => {
    const digest = StateDigest.of(sha256, [a, b]);
    expect(StateDigest.from(digest.toBytes()).value).toBe(digest.value);
    const { hi, lo } = digest.halves;
    expect((hi << 64n) | lo).toBe(digest.value);
    const full = new StateDigest();
    full.remove(1n);
    expect(full.toBytes()).toEqual(new Uint8Array(16).fill(0xff));
    full.add(1n);
    expect(full.value).toBe(0n);
  });

  it('is of 16 bytes and no others', () => {
    for (const length of [0, 15, 17])
      expect(() => StateDigest.from(new Uint8Array(length))).toThrow(`has 16 bytes, this one ${length}`);
  });
});
