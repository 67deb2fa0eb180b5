import {
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseToken, timestampOf } from '@flagstream/protocol';
import {
  type ApiKey,
  KeyKind,
  type KeySecret,
  Role,
  Verb,
} from '@flagstream/protocol/gen/flagstream/v1/model';
import { ENTITY_KIND } from '@flagstream/replica';
import type { KeyRing } from '@flagstream/runtime';
import { describe, expect, it, onTestFinished } from 'vitest';
import { revokedKey, storedKey } from '../commands/api-keys.ts';
import { tempFolder } from '../temp-folder.fixture.ts';
import { PROJECT, Workbench } from '../workbench.fixture.ts';
import { type FirstOwnerParts, makeFirstOwner } from './first-owner.ts';
import { logKeys } from './log-keys.ts';
import { OwnerWatch } from './owners.ts';

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

it.each(['owner-key', 'owner-key.new'])(
  'is written where %s leads elsewhere, or is open to others',
  (name) => {
    const [linked, open] = [site().parts, site().parts];
    const elsewhere = path.join(tempFolder(), 'elsewhere');
    writeFileSync(elsewhere, 'untouched');
    symlinkSync(elsewhere, path.join(linked.dataDir, name));
    writeFileSync(path.join(open.dataDir, name), 'stale');
    chmodSync(path.join(open.dataDir, name), 0o666);
    for (const parts of [linked, open]) {
      const file = makeFirstOwner(parts)!;
      const { mode } = lstatSync(file);
      expect([(mode & constants.S_IFMT) === constants.S_IFREG, mode & 0o777]).toEqual([true, 0o600]);
      expect(readFileSync(file, 'utf8')).toMatch(/^fsa_/);
      expect(readdirSync(parts.dataDir)).toEqual([path.basename(file)]);
    }
    expect(readFileSync(elsewhere, 'utf8')).toBe('untouched');
  },
);

const keysOf = (bench: Workbench) => bench.store.entities({ kind: ENTITY_KIND.key, limit: 10 });

/** Gives the only key other contents. */
function edit(bench: Workbench, fields: Partial<ApiKey>): void {
  const { change } = keysOf(bench)[0]!;
  bench.edit([{ op: 'key', id: change, path: 'name', next: () => ({ ...storedKey(change)!, ...fields }) }]);
}

it.each<[string, (bench: Workbench) => Partial<ApiKey>]>([
  ['may not administer', () => ({ verbs: [Verb.READ] })],
  ['may hand on nothing but administration', () => ({ verbs: [Verb.ADMINISTER] })],
  ['owns one project', () => ({ roles: [{ role: Role.OWNER, project: 'p', environment: '' }] })],
  ['has no secret that is good', ({ nowMs }) => ({ secrets: [secretUntil(nowMs)] })],
])('is made when the only owner %s', (_, fields) => {
  const { bench, parts } = site();
  makeFirstOwner(parts);
  edit(bench, fields(bench));
  expect(makeFirstOwner(parts)).toBeDefined();
  expect(makeFirstOwner(parts)).toBeUndefined();
});

const secretUntil = (ms: number): KeySecret => ({
  sha256: Buffer.alloc(32),
  createTime: undefined,
  expireTime: timestampOf(ms),
});

describe('that no owner is left', () => {
  function watched(): ReturnType<typeof site> & { readonly warnings: unknown[]; readonly look: () => void } {
    const made = site();
    const warnings: unknown[] = [];
    const { ring, stop } = logKeys(made.bench.log);
    makeFirstOwner(made.parts);
    const logger = { warn: (...words: unknown[]) => void warnings.push(...words) };
    const watch = new OwnerWatch({ log: made.bench.log, ring, now: () => made.bench.nowMs, logger });
    onTestFinished(() => {
      watch.stop();
      stop();
    });
    return { ...made, warnings, look: () => watch.look() };
  }

  it('is told once when the last of them is revoked, and again after there was another', () => {
    const { bench, parts, warnings } = watched();
    const revoke = (): void => {
      const { change } = keysOf(bench).find((found) => !found.change.deleted)!;
      const next = () => revokedKey(change, storedKey(change), bench.nowMs);
      bench.edit([{ op: 'key', id: change, path: 'name', next }]);
    };
    expect(warnings).toEqual([]);
    revoke();
    bench.apply([...PROJECT]);
    expect(warnings).toEqual([expect.stringContaining('the next start makes one')]);
    makeFirstOwner(parts);
    revoke();
    expect(warnings).toHaveLength(2);
  });

  it('is told when the last of them has expired', () => {
    const { bench, warnings, look } = watched();
    edit(bench, { expireTime: timestampOf(bench.nowMs + 1_000) });
    look();
    expect(warnings).toEqual([]);
    bench.nowMs += 1_000;
    look();
    look();
    expect(warnings).toHaveLength(1);
  });
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
