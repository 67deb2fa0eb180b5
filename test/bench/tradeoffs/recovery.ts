// The control plane's disk is gone: how long until it writes again, from a backup and what NATS still holds.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { Admin } from '../../support/admin.ts';
import { runFlagstream } from '../../support/flagstream.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';
import type { SuiteReport } from '../report.ts';
import { newPrefix, startControlPlane } from './nodes.ts';

const FLAG_KEY = 'measured';
/** Promised, from the loss of the disk to the answer of a new write. */
const WRITES_AGAIN_MAX_MS = 60_000;
const MEASURED: LostDisk = { before: 500, after: 2_000, settings: [] };

export interface LostDisk {
  /** Changes before the backup. */
  readonly before: number;
  /** Changes after it, in NATS alone. */
  readonly after: number;
  /** Of the control plane that is lost. */
  readonly settings: readonly string[];
}

export interface Recovery {
  /** From the loss of the disk to the answer of the first new write. */
  readonly ms: number;
  readonly acknowledged: number;
  readonly lost: number;
}

export async function measureRecovery(nats: NatsServer): Promise<SuiteReport> {
  const recovery = await recoverFromLostDisk(nats, MEASURED);
  if (recovery.ms > WRITES_AGAIN_MAX_MS)
    throw new Error(
      `writing again took ${Math.round(recovery.ms)} ms after the disk was lost, allowed ${WRITES_AGAIN_MAX_MS}`,
    );
  return {
    name: 'recovery',
    title: 'Trade-offs: the disk of the control plane is lost',
    notes: [
      `${MEASURED.after} changes after the last backup; then kill -9, the data folder removed, the backup restored by the command, the control plane started. The clock runs from the loss to the answer of the first new write; above ${WRITES_AGAIN_MAX_MS / 1000} s the run fails.`,
      'Lost are the writes that NATS had not got: the age of the oldest unshipped record is the recovery point (`flagstream_unshipped_seconds`; measured above as what is not shipped).',
    ],
    columns: [
      { key: 'name', title: 'restored from' },
      { key: 'ms', title: 'writing again after, ms' },
      { key: 'acknowledged', title: 'acknowledged writes' },
      { key: 'lost', title: 'lost' },
    ],
    rows: [{ name: 'backup and the tail in NATS', ...recovery }],
  };
}

/** @throws Error when no write is answered within the time that is promised, from the restart on */
export async function recoverFromLostDisk(
  nats: NatsServer,
  { before, after, settings }: LostDisk,
): Promise<Recovery> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const dataDir = path.join(tempDir('tradeoffs'), 'data');
  const backup = path.join(tempDir('tradeoffs-backup'), 'backup.db');
  const controlPlane = await startControlPlane(place, dataDir, settings);
  const admin = new Admin(controlPlane.grpcPort);
  await admin.createBoolean(FLAG_KEY);
  for (let turn = 0; turn < before; turn++) await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
  await succeed(['backup', 'create', backup, `--data=${dataDir}`]);
  let acknowledged = 0;
  for (let turn = 0; turn < after; turn++)
    acknowledged = (await admin.setEnabled(FLAG_KEY, turn % 2 === 1)).revision;

  const lostMs = performance.now();
  await controlPlane.process.kill('SIGKILL');
  rmSync(dataDir, { recursive: true });
  await succeed(['backup', 'restore', backup, `--data=${dataDir}`]);
  const restored = await startControlPlane(place, dataDir);
  const again = new Admin(restored.grpcPort);
  const first = await until(() => again.setEnabled(FLAG_KEY, true), {
    what: 'a write to be taken',
    timeoutMs: WRITES_AGAIN_MAX_MS,
  });
  const ms = performance.now() - lostMs;
  await restored.process.stop();
  // Between what was kept and this write stands the new epoch's first record.
  return { ms, acknowledged, lost: acknowledged - (first.revision - 2) };
}

async function succeed(words: readonly string[]): Promise<void> {
  const { code, stderr } = await runFlagstream(words);
  if (code !== 0) throw new Error(`flagstream ${words.join(' ')} ended with ${code}: ${stderr}`);
}
