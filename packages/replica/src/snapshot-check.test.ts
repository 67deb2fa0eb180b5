import { describe, expect, it } from 'vitest';
import { StateDigest } from './digest.ts';
import { changed, flag, jsonCodec } from './log.fixture.ts';
import { LogState } from './log-state.ts';
import type { Codec } from './record.ts';
import type { Snapshot } from './seams.ts';
import { checkSnapshot } from './snapshot-check.ts';

/** Counts what is hashed. */
class CountingCodec {
  hashes = 0;
  readonly codec: Codec = {
    ...jsonCodec,
    sha256: (bytes) => {
      this.hashes += 1;
      return jsonCodec.sha256(bytes);
    },
  };
}

function snapshotOf(flags: number, content = '1'): Snapshot {
  const entities = Array.from({ length: flags }, (_, i) => ({ change: flag(`f${i}`, content), version: 1 }));
  const hash = jsonCodec.sha256(new Uint8Array(1));
  return {
    position: { epoch: 1, revision: 1, hash },
    lineage: [],
    stateDigest: StateDigest.of(jsonCodec.sha256, entities).toBytes(),
    entities,
    recentHashes: [hash],
  };
}

/** Steps until the check is done. */
function steps(snapshot: Snapshot): number {
  return [...checkSnapshot(jsonCodec.sha256, snapshot)].length;
}

describe('checkSnapshot', () => {
  it('rests after a thousand entities, or sooner where they are large', () => {
    expect(steps(snapshotOf(999))).toBe(0);
    expect(steps(snapshotOf(3_500))).toBe(3);
    expect(steps(snapshotOf(10, 'x'.repeat(1024 * 1024)))).toBe(2);
  });

  it('hashes a snapshot once, and a state starts from it without another time', () => {
    const snapshot = snapshotOf(20);
    const counting = new CountingCodec();
    const { codec } = counting;
    const state = LogState.fromSnapshot(codec, snapshot);
    expect(counting.hashes).toBe(40);
    expect([...checkSnapshot(codec.sha256, snapshot)]).toEqual([]);
    const again = LogState.fromSnapshot(codec, snapshot);
    expect(counting.hashes).toBe(40);
    expect([again.digest, [...again.entities()]]).toEqual([state.digest, [...state.entities()]]);
    LogState.fromSnapshot(codec, { ...snapshot });
    expect(counting.hashes).toBe(80);
  });

  it('never takes for true what was refused, or was not checked to its end', () => {
    const { entities, ...rest } = snapshotOf(1_500);
    const last = entities.at(-1)!;
    const wrong = { ...last.change, content: changed(last.change, Uint8Array.of(7)).content };
    const untrue = { ...rest, entities: [...entities.slice(0, -1), { ...last, change: wrong }] };
    expect(checkSnapshot(jsonCodec.sha256, untrue).next().done).toBe(false);
    for (let attempt = 0; attempt < 2; attempt++)
      expect(() => LogState.fromSnapshot(jsonCodec, untrue)).toThrow('is not what its hash says');
  });
});
