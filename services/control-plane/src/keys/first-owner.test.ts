import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseToken, timestampOf } from '@flagstream/protocol';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import type { KeyRing } from '@flagstream/runtime';
import { expect, it } from 'vitest';
import { revokedKey, storedKey } from '../commands/api-keys.ts';
import { tempFolder } from '../temp-folder.fixture.ts';
import { PROJECT, Workbench } from '../workbench.fixture.ts';
import { type FirstOwnerParts, makeFirstOwner } from './first-owner.ts';
import { logKeys } from './log-keys.ts';

function site(): { bench: Workbench; parts: FirstOwnerParts } {
  const bench = new Workbench();
  let seed = 0;
  const parts = {
    log: bench.log,
    writes: bench.writes,
    dataDir: tempFolder(),
    now: () => bench.nowMs,
    randomBytes: (count: number) => {
      seed += 1;
      return new Uint8Array(count).fill(seed);
    },
  };
  return { bench, parts };
}

const opens = (ring: KeyRing, file: string, nowMs: number): unknown =>
  ring.find(parseToken(readFileSync(file, 'utf8').trim())!, nowMs);

it('is made once, and again when no owner is left', () => {
  const { bench, parts } = site();
  const { ring, stop } = logKeys(bench.log);
  const file = makeFirstOwner(parts)!;
  expect(readdirSync(parts.dataDir)).toEqual([path.basename(file)]);
  expect(opens(ring, file, bench.nowMs)).toMatchObject({ key: { kind: KeyKind.ADMIN, revoked: false } });
  expect(makeFirstOwner(parts)).toBeUndefined();
  const { change } = bench.store.entities({ kind: ENTITY_KIND.key, limit: 10 })[0]!;
  const next = () => revokedKey(change, storedKey(change), bench.nowMs);
  bench.edit([{ op: 'key', id: change, path: 'name', next }]);
  expect(opens(ring, file, bench.nowMs)).toBe('revoked');
  expect(makeFirstOwner(parts)).toBe(file);
  expect(opens(ring, file, bench.nowMs)).toMatchObject({ key: { revoked: false } });
  stop();
});

it('is made when the only owner has expired', () => {
  const { bench, parts } = site();
  makeFirstOwner(parts);
  const { change } = bench.store.entities({ kind: ENTITY_KIND.key, limit: 10 })[0]!;
  const expireTime = timestampOf(bench.nowMs);
  const next = () => ({ ...storedKey(change)!, expireTime });
  bench.edit([{ op: 'key', id: change, path: 'name', next }]);
  expect(makeFirstOwner(parts)).toBeDefined();
});

it('is not made while writes are refused', () => {
  const { bench, parts } = site();
  bench.log.refuseWrites('forked');
  expect(makeFirstOwner(parts)).toBeUndefined();
  expect(readdirSync(parts.dataDir)).toEqual([]);
});

it('the ring of a log knows its keys from the start, and each change of them', () => {
  const { bench, parts } = site();
  bench.apply([...PROJECT]);
  const file = makeFirstOwner(parts)!;
  const { ring, stop } = logKeys(bench.log);
  expect(ring.size).toBe(1);
  expect(opens(ring, file, bench.nowMs)).toMatchObject({ key: { kind: KeyKind.ADMIN } });
  stop();
});
