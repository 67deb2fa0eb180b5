// Rows of the failure table about the control plane: its disk, its second self, and what it is asked for.

import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fromServiceError, LIMITS } from '@flagstream/protocol';
import {
  CreateFlagRequest,
  GetFlagRequest,
  ListFlagsRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { Flag } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Admin, written } from '../support/admin.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { callUnary } from '../support/grpc-call.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { FaultNode } from './fault-node.ts';
import { type FaultContext, type FaultRow, must } from './fault-row.ts';
import { copyOf, type FaultSite, removeFolder } from './fault-site.ts';
import { everythingShipped } from './nats-view.ts';
import type { Workload } from './workload.ts';

const DATABASE = 'flagstream.db';

export const operationIdReused: FaultRow = {
  row: 16,
  sentence: 'an op_id is used again: the same request is answered as the first time, another one is refused',
  async run({ site, healed }) {
    const admin = new Admin(site.adminLink.port);
    await admin.createBoolean('reused');
    const opId = randomUUID();
    const first = await admin.setEnabled('reused', false, opId);
    const again = await admin.setEnabled('reused', false, opId);
    must(again.revision === first.revision, 'the first answer again');
    const refused = await admin.setEnabled('reused', true, opId).catch((error: ServiceError) => error.code);
    must(refused === status.ALREADY_EXISTS, 'another request to be refused');
    await healed();
  },
};

export const secondControlPlane: FaultRow = {
  row: 17,
  sentence:
    'a second control plane on a copied file: it does not start beside the first; if both wrote, writes stop until a person decides, and evaluation goes on',
  expect: { divergenceAlarms: true },
  async run({ site, workload, healed }) {
    const { controlPlane } = site;
    const copied = await copiedControlPlane(site);
    await copied.start({ unready: true });
    const { code } = await copied.ended('because another control plane beacons');
    must(code !== 0, 'another exit code than 0');
    await workload.moreWrites(5);

    // Both write: the first one cannot be heard while the second one starts.
    await workload.pauseWrites();
    await site.converged();
    workload.stopRecordingReads();
    controlPlane.pause();
    await copied.start();
    await new Admin(copied.grpcPort).createBoolean('foreign');
    await everythingShipped(site, copied.grpcPort);
    await everyEvaluatorAnswers(site, workload);
    await copied.crash();
    controlPlane.resume();
    await until(async () => (await controlPlane.readiness()).status === 503, {
      what: 'the alarm of the first one',
      timeoutMs: 30_000,
    });
    await refusesWritesOnly(site);
    await everyEvaluatorAnswers(site, workload);
    await takeOver(site);
    await healed();
    workload.recordReadsAgain();
    workload.resumeWrites();
  },
};

async function everyEvaluatorAnswers({ evaluators }: FaultSite, workload: Workload): Promise<void> {
  await Promise.all(evaluators.map((evaluator) => workload.moreEvaluations(10, evaluator)));
}

async function refusesWritesOnly({ adminLink, evaluators }: FaultSite): Promise<void> {
  const admin = new Admin(adminLink.port);
  const answer = await admin.createBoolean('late').catch((error: ServiceError) => error.code);
  must(answer === status.FAILED_PRECONDITION, 'writes to be refused');
  const request = GetFlagRequest.fromPartial({ name: 'projects/default/flags/left' });
  const { flag } = await callUnary(admin.client, admin.client.getFlag, request);
  must(flag !== undefined, 'reads to be answered');
  for (const { node } of evaluators) must((await node.readiness()).status === 200, `${node.name} to serve`);
}

/** A person decides who goes on. */
async function takeOver({ controlPlane }: FaultSite): Promise<void> {
  const server = `--server=127.0.0.1:${controlPlane.grpcPort}`;
  const command = ['log', 'reseed', '--take-over', '--comment=the copy is gone', '--yes', server];
  const { code, stderr } = await runFlagstream(command);
  must(code === 0, `the log to be taken over: ${stderr}`);
}

export const diskFull: FaultRow = {
  row: 22,
  sentence:
    'the disk of the control plane is full: writes fail with their outcome, reads and evaluation go on, and nothing acknowledged is lost',
  async run({ site, workload, healed }) {
    const { controlPlane } = site;
    await controlPlane.crash();
    const sizeKib = Math.max(...filesOf(site.dataDir).map((file) => statSync(file).size)) / 1024;
    await controlPlane.start({ fileKibMax: Math.ceil(sizeKib) + 200 });
    const admin = new Admin(site.adminLink.port);
    await admin.createBoolean('filler');
    const failed = await until(
      () =>
        admin.describe('filler', 'x'.repeat(1_000) + Math.random()).then(
          () => undefined,
          (error: ServiceError) => fromServiceError(error).reason,
        ),
      { what: 'a write that fails', timeoutMs: 60_000 },
    );
    must(failed === 'STORAGE_FAILED', `the disk to be named, not ${failed}`);
    const request = ListFlagsRequest.fromPartial({ parent: 'projects/default', pageSize: 10 });
    const read = await callUnary(admin.client, admin.client.listFlags, request);
    must(read.flags.length > 0, 'reads to be answered');
    await workload.moreEvaluations(20);
    await controlPlane.crash();
    const recovered = healed();
    await controlPlane.start();
    await recovered;
    await workload.moreWrites(5);
  },
};

export const damagedFile: FaultRow = {
  row: 23,
  sentence:
    'the file of the control plane is damaged: it does not start; a backup is restored and takes in what only NATS still holds',
  async run(context) {
    const { site, workload, healed } = context;
    const { controlPlane } = site;
    const backup = await onlineBackup(site);
    await workload.moreWrites(20);
    await shippedAndKilled(context);
    damage(path.join(site.dataDir, DATABASE));
    await controlPlane.start({ unready: true });
    const { code } = await controlPlane.ended('because its file is damaged');
    must(code !== 0, 'another exit code than 0');
    await restore(site, backup);
    const recovered = healed();
    await controlPlane.start();
    await recovered;
    await workload.moreWrites(5);
  },
};

export const tornWal: FaultRow = {
  row: 23,
  sentence: 'the newest transactions are torn off the WAL: what NATS holds of them is taken in again',
  async run(context) {
    const { site, workload, full, healed } = context;
    const { controlPlane } = site;
    const wal = path.join(site.dataDir, `${DATABASE}-wal`);
    for (let round = 0; round < (full ? 10 : 1); round += 1) {
      await workload.moreWrites(10);
      await shippedAndKilled(context);
      must(existsSync(wal), 'a WAL');
      const { size } = statSync(wal);
      // Some frames and a part of one; the first ones stay.
      truncateSync(wal, Math.max(0, size - 4_096 * (2 + round) - 100));
      const recovered = healed();
      await controlPlane.start();
      await recovered;
      await workload.moreWrites(3);
    }
  },
};

export const oversizeRecord: FaultRow = {
  row: 29,
  sentence: 'a change is larger than a record may be: it is refused before anything is written',
  async run({ site, workload, healed }) {
    const before = await site.head();
    const admin = new Admin(site.adminLink.port);
    const request = CreateFlagRequest.fromPartial({
      parent: 'projects/default',
      flagId: 'oversize',
      flag: Flag.fromJSON({
        kind: 'FLAG_KIND_STRING',
        variants: [{ key: 'only', value: 'x'.repeat(LIMITS.entityBytesMax) }],
        offVariant: 'only',
      }),
      ...written('too large'),
    });
    const refused = await callUnary(admin.client, admin.client.createFlag, request).then(
      () => 'accepted',
      (error: ServiceError) => error.code,
    );
    must(refused === status.INVALID_ARGUMENT, `a refusal, not ${refused}`);
    await healed();
    await workload.moreWrites(5);
    must((await site.head()).revision > before.revision, 'the log to go on');
  },
};

export const newerSchema: FaultRow = {
  row: 31,
  sentence: 'a file of a newer release: the control plane refuses to open it and leaves it as it is',
  async run({ site, workload, healed }) {
    const { controlPlane } = site;
    // An orderly end leaves everything in the file and no WAL.
    await controlPlane.stop();
    const file = path.join(site.dataDir, DATABASE);
    const own = schemaVersion(file);
    setSchemaVersion(file, own + 1);
    const before = readFileSync(file);
    await controlPlane.start({ unready: true });
    const { code } = await controlPlane.ended('because the file is newer');
    must(code !== 0, 'another exit code than 0');
    must(readFileSync(file).equals(before), 'the file as it was');
    setSchemaVersion(file, own);
    const recovered = healed();
    await controlPlane.start();
    await recovered;
    await workload.moreWrites(5);
  },
};

/** SQLite keeps `user_version` at byte 60 of the file. */
const SCHEMA_VERSION_AT = 60;

function schemaVersion(file: string): number {
  return readFileSync(file).readUInt32BE(SCHEMA_VERSION_AT);
}

function setSchemaVersion(file: string, version: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(version, SCHEMA_VERSION_AT);
  writeFileSync(file, bytes);
}

/** The table of contents is gone, and so is the WAL. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xff, 100, 2_000);
  writeFileSync(file, bytes);
  for (const suffix of ['-wal', '-shm']) removeFolder(`${file}${suffix}`);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).map((name) => path.join(folder, name));
}

/** NATS has everything, and the control plane is killed. Writes go on as soon as it is back. */
async function shippedAndKilled({ site, workload }: FaultContext): Promise<void> {
  await workload.pauseWrites();
  await everythingShipped(site);
  await site.controlPlane.crash();
  workload.resumeWrites();
}

async function onlineBackup(site: FaultSite): Promise<string> {
  const file = path.join(tempDir('fault-backup'), 'backup.db');
  const { code, stderr } = await runFlagstream(['backup', 'create', file, `--data=${site.dataDir}`]);
  must(code === 0, `a backup: ${stderr}`);
  return file;
}

async function restore(site: FaultSite, backup: string): Promise<void> {
  const command = ['backup', 'restore', backup, `--data=${site.dataDir}`, '--replace', '--yes'];
  const { code, stderr } = await runFlagstream(command);
  must(code === 0, `the backup to be restored: ${stderr}`);
}

/** Another process on a copy of the file as it is now, and the same NATS. */
async function copiedControlPlane(site: FaultSite): Promise<FaultNode> {
  site.controlPlane.pause();
  const data = copyOf(site.dataDir);
  site.controlPlane.resume();
  return FaultNode.create('copied control plane', [
    '--role=control-plane',
    `--data=${data}`,
    `--nats-url=${site.nats.url}`,
    `--nats-prefix=${site.nats.prefix}`,
  ]);
}
