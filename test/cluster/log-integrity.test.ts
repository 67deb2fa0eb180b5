// A control plane on a real file: backed up while it writes, found damaged by the check in the background,
// restored. With processes, threads and commands as an operator has them.

import path from 'node:path';
import { expect, test } from 'vitest';
import { openFile } from '../../services/control-plane/src/log/native-objects.ts';
import { Admin } from '../support/admin.ts';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import type { TestProcess } from '../support/process.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Server {
  readonly process: TestProcess;
  readonly admin: Admin;
  readonly grpcPort: number;
  readonly managementPort: number;
}

/** Checks its whole log at once. */
async function startServer(data: string): Promise<Server> {
  const [grpcPort, managementPort] = [await freePort(), await freePort()];
  const process = startFlagstream([
    'serve',
    '--role=control-plane',
    `--data=${data}`,
    `--grpc-port=${grpcPort}`,
    `--management-port=${managementPort}`,
    '--integrity-first-after-ms=0',
  ]);
  await process.waitForLine(/control plane listens/);
  return { process, admin: new Admin(grpcPort), grpcPort, managementPort };
}

async function logStatus({ grpcPort }: Server): Promise<Record<string, unknown>> {
  const { stdout } = await runFlagstream(['log', 'status', `--server=127.0.0.1:${grpcPort}`, '-o', 'json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('a log is backed up while it is written, found damaged in the background, and restored', async () => {
  const data = tempDir('data');
  const backup = path.join(tempDir('backups'), 'mine.db');
  const first = await startServer(data);
  await first.process.waitForLine(/the log is sound/);
  await first.admin.createBoolean('before');
  let writing = true;
  const writes = (async (): Promise<number> => {
    for (let n = 0; ; n++) {
      if (!writing) return n;
      await first.admin.createBoolean(`during-${n}`);
    }
  })();
  const made = await runFlagstream(['backup', 'create', backup, `--data=${data}`, '-o', 'json']);
  writing = false;
  expect(made).toMatchObject({ code: 0 });
  expect(await writes).toBeGreaterThan(0);
  const { revision } = JSON.parse(made.stdout) as { readonly revision: number };
  await first.process.kill('SIGTERM');

  const db = openFile(path.join(data, 'flagstream.db'));
  db.exec("UPDATE entity SET content = zeroblob(3) WHERE key = 'before' AND kind = 3");
  db.close();
  const damaged = await startServer(data);
  await damaged.process.waitForLine(/the log is damaged/);
  const ready = await fetch(`http://127.0.0.1:${damaged.managementPort}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining('the log is damaged')]);
  expect(await scrape(damaged.managementPort, 'flagstream_log_corrupt')).toBe(1);
  await expect(damaged.admin.createBoolean('after')).rejects.toThrow(/DATA_LOSS: the log is damaged/);
  expect(await logStatus(damaged)).toMatchObject({
    integrity: { state: 'STATE_CORRUPT', detail: expect.stringContaining('3/default//before') },
    writesRefused: expect.stringContaining('the log is damaged'),
  });
  const verified = await runFlagstream(['log', 'verify', `--data=${data}`]);
  expect(verified).toMatchObject({ code: 1, stderr: expect.stringContaining('DATA_LOSS LOG_CORRUPT') });
  await damaged.process.kill('SIGTERM');

  const restored = await runFlagstream(['backup', 'restore', backup, `--data=${data}`, '--replace', '--yes']);
  expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining('flagstream.db.replaced-') });
  const healed = await startServer(data);
  await healed.process.waitForLine(/the log is sound/);
  expect(await logStatus(healed)).toMatchObject({
    // What came after the backup may have been seen: the next record is an epoch's.
    head: { epoch: 1001, revision: String(revision + 1) },
    integrity: { state: 'STATE_SOUND' },
  });
  await healed.admin.createBoolean('after');
  await healed.process.kill('SIGTERM');
});
