// The control plane's disk is gone: how long until it writes again, from a backup and what NATS still holds.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { Admin } from '../../support/admin.ts';
import { runFlagstream } from '../../support/flagstream.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';
import type { Row, SuiteReport } from '../report.ts';
import { newPrefix, startControlPlane } from './nodes.ts';

const FLAG_KEY = 'measured';
/** Changes before the backup, and after it: the latter are in NATS alone. */
const BEFORE = 500;
const AFTER = 2_000;

export async function measureRecovery(nats: NatsServer): Promise<SuiteReport> {
  return {
    name: 'recovery',
    title: 'Trade-offs: the disk of the control plane is lost',
    notes: [
      `${AFTER} changes after the last backup; then kill -9, the data folder removed, the backup restored by the command, the control plane started. The clock runs from the loss to the answer of the first new write.`,
      'Lost are the writes that NATS had not got: the age of the oldest unshipped record is the recovery point (`flagstream_unshipped_seconds`).',
    ],
    columns: [
      { key: 'name', title: 'restored from' },
      { key: 'ms', title: 'writing again after, ms' },
      { key: 'acknowledged', title: 'acknowledged writes' },
      { key: 'lost', title: 'lost' },
    ],
    rows: [await measure(nats)],
  };
}

async function measure(nats: NatsServer): Promise<Row> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const dataDir = path.join(tempDir('tradeoffs'), 'data');
  const backup = path.join(tempDir('tradeoffs-backup'), 'backup.db');
  const controlPlane = await startControlPlane(place, dataDir);
  const admin = new Admin(controlPlane.grpcPort);
  await admin.createBoolean(FLAG_KEY);
  for (let turn = 0; turn < BEFORE; turn++) await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
  await succeed(['backup', 'create', backup, `--data=${dataDir}`]);
  let acknowledged = 0;
  for (let turn = 0; turn < AFTER; turn++)
    acknowledged = (await admin.setEnabled(FLAG_KEY, turn % 2 === 1)).revision;

  const lostMs = performance.now();
  await controlPlane.process.kill('SIGKILL');
  rmSync(dataDir, { recursive: true });
  await succeed(['backup', 'restore', backup, `--data=${dataDir}`]);
  const restored = await startControlPlane(place, dataDir);
  const again = new Admin(restored.grpcPort);
  const first = await until(() => again.setEnabled(FLAG_KEY, true), {
    what: 'a write to be taken',
    timeoutMs: 60_000,
  });
  const ms = performance.now() - lostMs;
  await restored.process.stop();
  return {
    name: 'backup and the tail in NATS',
    ms,
    acknowledged,
    // Between what was kept and this write stands the new epoch's first record.
    lost: acknowledged - (first.revision - 2),
  };
}

async function succeed(words: readonly string[]): Promise<void> {
  const { code, stderr } = await runFlagstream(words);
  if (code !== 0) throw new Error(`flagstream ${words.join(' ')} ended with ${code}: ${stderr}`);
}
