import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { ListProjectsRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { describe, expect, it } from 'vitest';
import { call, controlPlane, failure } from '../control-plane.fixture.ts';
import { openFile } from '../log/native-objects.ts';
import { SqliteStore } from '../log/sqlite-store.ts';
import { backUpLog, restoreLog } from '../maintenance/offline-maintenance.ts';
import { tempFolder } from '../temp-folder.fixture.ts';

/** The folder of a control plane that has stopped, its file as a backup that was put back. */
async function restoredFolder(shippedEpoch: number): Promise<string> {
  const { running, data } = await controlPlane({ data: tempFolder() });
  await running.close();
  const db = openFile(join(data, 'flagstream.db'));
  db.exec(`UPDATE note SET restored = 1, shipped_epoch = ${shippedEpoch}`);
  db.close();
  return data;
}

async function write({ admin }: Awaited<ReturnType<typeof controlPlane>>): Promise<void> {
  await call(admin, admin.applyChangeSet, {
    changes: [],
    opId: 'op-1',
    actor: '',
    comment: '',
    validateOnly: false,
  });
}

describe('a restored file without NATS', () => {
  it('goes on in a new epoch by itself when its log was never shipped, once', async () => {
    const data = await restoredFolder(0);
    const plane = await controlPlane({ data });
    const { epoch, revision } = plane.running.head();
    expect(epoch).toBe(1001);
    await write(plane);
    expect(plane.running.head()).toMatchObject({ epoch, revision: revision + 1 });
    await plane.running.close();
    expect((await controlPlane({ data })).running.head()).toMatchObject({ epoch, revision: revision + 1 });
  });

  it('goes on in another epoch each time that the same backup is put back', async () => {
    const { running, data } = await controlPlane({ data: tempFolder() });
    const backup = join(tempFolder(), 'backup.db');
    backUpLog(data, backup);
    await running.close();
    const again = (): void => void restoreLog(backup, data, { replace: true, nowMs: 1_700_000_000_000 });
    const epochs: number[] = [];
    for (const restores of [1, 1, 2]) {
      for (let n = 0; n < restores; n += 1) again();
      const plane = await controlPlane({ data });
      epochs.push(plane.running.head().epoch);
      await plane.running.close();
    }
    expect(epochs).toEqual([1001, 2001, 3001]);
  });

  it('takes no writes when NATS may hold more, and serves what it has', async () => {
    const plane = await controlPlane({ data: await restoredFolder(1) });
    const error = await failure(write(plane));
    expect(error).toMatchObject({ reason: 'WRITES_HELD', retryable: true });
    expect(error.message).toContain('--without-stream');
    const listed = await call(plane.admin, plane.admin.listProjects, ListProjectsRequest.create());
    expect(listed.projects).toHaveLength(1);
  });

  it('goes on in a new epoch where a person says so, once', async () => {
    const data = await restoredFolder(1);
    const first = await controlPlane({ data, withoutStream: true });
    await write(first);
    expect(first.running.head().epoch).toBe(1001);
    await first.running.close();
    const second = await controlPlane({ data, withoutStream: true });
    expect(second.running.head().epoch).toBe(1001);
    await second.running.close();
    const store = new SqliteStore(join(data, 'flagstream.db'), recordCodec);
    expect(store.restoredMark()).toBe(false);
    store.close();
  });
});

describe('writeAck', () => {
  it('is not "shipped" without anything to ship to', async () => {
    const refused = await failure(controlPlane({ writeAck: 'shipped' }));
    expect(refused).toMatchObject({ reason: 'CONFIG_INVALID', message: expect.stringContaining('nats.url') });
  });
});
