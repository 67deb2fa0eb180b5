// The client's own copy: whole or not at all, private, not too often.

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '@flagstream/protocol';
import { ClientSet, ENTITY_KIND, formatPosition, hex, type VersionedEntity } from '@flagstream/replica';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { DiskCopyWriter, diskCopyPath, readDiskCopy } from './disk-copy-file.ts';
import { type DiskCopy, decodeDiskCopy, encodeDiskCopy } from './disk-copy-format.ts';

const scope = { project: 'shop', environment: 'production' };

function entity(key: string, bytes: number, version: number): VersionedEntity {
  const content = new Uint8Array(bytes).fill(version);
  const id = { kind: ENTITY_KIND.flag, project: 'shop', environment: '', key };
  return {
    change: { ...id, deleted: false, content, contentHash: sha256(content), tags: [], clientVisible: false },
    version,
  };
}

function copyAt(revision: number, entities: readonly VersionedEntity[]): DiskCopy {
  const position = { epoch: 3, revision, hash: new Uint8Array(32).fill(7) };
  return { scope, set: ClientSet.of(sha256, position, new Uint8Array(32).fill(9), entities), asOfMs: 1_000 };
}

const small = copyAt(12, [entity('a', 10, 4), entity('b', 20, 12)]);

function write(dir: string, bytes: Uint8Array): void {
  writeFileSync(diskCopyPath(dir, scope), bytes);
}

describe('a copy', () => {
  test.each([
    ['of one frame', small],
    [
      'of many frames',
      copyAt(
        99,
        Array.from({ length: 40 }, (_, i) => entity(`f${i}`, 20_000, i + 1)),
      ),
    ],
    ['of an empty environment', copyAt(1, [])],
  ])('%s comes back as it was', async (_name, copy) => {
    const dir = tempDir('copy');
    write(dir, encodeDiskCopy(copy));
    const reading = await readDiskCopy(dir, scope);
    if (reading.kind !== 'read') throw new Error(reading.kind);
    expect(textOf(reading.copy.set)).toBe(textOf(copy.set));
    expect(reading.copy.set.size).toBe(copy.set.size);
    expect(reading.copy.asOfMs).toBe(1_000);
  });

  test('that is not there is absent', async () => {
    expect(await readDiskCopy(path.join(tempDir('copy'), 'none'), scope)).toEqual({ kind: 'absent' });
  });

  test('with any byte changed, or cut anywhere, is refused', () => {
    const bytes = encodeDiskCopy(small);
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 1;
      expect(() => decodeDiskCopy(changed)).toThrow(RangeError);
      expect(() => decodeDiskCopy(bytes.subarray(0, i))).toThrow(RangeError);
    }
  });

  test('of a format to come, and of another environment, is damaged', async () => {
    const dir = tempDir('copy');
    const body = encodeDiskCopy(small).subarray(0, -32);
    const newer = Buffer.from(body.toString('latin1').replace('"format":1', '"format":2'), 'latin1');
    write(dir, Buffer.concat([newer, sha256(newer)]));
    expect(await readDiskCopy(dir, scope)).toMatchObject({ kind: 'damaged', detail: /format 2, not 1/ });
    write(dir, encodeDiskCopy({ ...small, scope: { ...scope, environment: 'staging' } }));
    expect(await readDiskCopy(dir, scope)).toMatchObject({ kind: 'damaged', detail: /shop\/staging/ });
  });

  test('has a place of its own for each environment', () => {
    const one = diskCopyPath('d', { project: 'a-b', environment: 'c' });
    const other = diskCopyPath('d', { project: 'a', environment: 'b-c' });
    expect(one).not.toBe(other);
  });
});

describe('the writer', () => {
  test('writes at once, then at most every five seconds, the newest', async () => {
    const dir = path.join(tempDir('copy'), 'made', 'here');
    const clock = new ManualClock();
    let current = small;
    const writer = new DiskCopyWriter({ dir, clock, current: () => current, onError: fail });
    writer.changed();
    clock.advance(0);
    await onDisk(dir, 12);
    const file = diskCopyPath(dir, scope);
    expect([statSync(file).mode & 0o777, statSync(dir).mode & 0o777]).toEqual([0o600, 0o700]);

    for (const revision of [13, 14, 15]) {
      current = copyAt(revision, []);
      writer.changed();
    }
    expect(clock.pendingMs).toEqual([5_000]);
    clock.advance(4_999);
    expect(await revisionOnDisk(dir)).toBe(12);
    clock.advance(1);
    await onDisk(dir, 15);
    expect(readdirSync(dir)).toEqual([path.basename(file)]);
  });

  test('flush writes what waits and leaves no timer', async () => {
    const dir = tempDir('copy');
    const clock = new ManualClock();
    const writer = new DiskCopyWriter({ dir, clock, current: () => small, onError: fail });
    writer.changed();
    await writer.flush();
    expect(await revisionOnDisk(dir)).toBe(12);
    expect(clock.pendingMs).toEqual([]);
  });

  test('reports a folder that it cannot write, and leaves the old copy', async () => {
    const dir = tempDir('copy');
    const errors: unknown[] = [];
    const blocked = diskCopyPath(dir, scope);
    mkdirSync(path.join(blocked, 'not-a-file'), { recursive: true });
    const writer = new DiskCopyWriter({
      dir,
      clock: new ManualClock(),
      current: () => small,
      onError: (thrown) => errors.push(thrown),
    });
    await writer.flush();
    expect(errors).toHaveLength(1);
    expect(readdirSync(dir)).toEqual([path.basename(blocked)]);
  });
});

function textOf(set: ClientSet): string {
  const { position, digest, logIdentity } = set.have()!;
  return `${formatPosition(position)} ${hex(position.hash)} ${digest.hi} ${digest.lo} ${hex(logIdentity)}`;
}

function fail(thrown: unknown): never {
  throw thrown;
}

async function revisionOnDisk(dir: string): Promise<number | undefined> {
  const reading = await readDiskCopy(dir, scope);
  return reading.kind === 'read' ? reading.copy.set.position?.revision : undefined;
}

function onDisk(dir: string, revision: number): Promise<boolean> {
  return until(async () => (await revisionOnDisk(dir)) === revision, {
    what: `revision ${revision} on disk`,
  });
}
