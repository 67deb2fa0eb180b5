// A backup that is put back where no NATS is: the revisions after it were seen by those who follow the control
// plane. They are withdrawn, and told to be: nobody stays on them, and none is issued a second time.

import path from 'node:path';
import { createClient, type FlagstreamClient, type WithdrawnEvent } from '@flagstream/client';
import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { type EvaluatorDeps, evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { ListFlagsRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluateRequest, EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { samePosition } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Admin } from '../support/admin.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { callKnown } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';

/** Revisions after the backup, more than are written after it is back. */
const LOST = 12;

async function serveLog(data: string, grpcPort: number): Promise<RunningControlPlane> {
  const config = { data, grpcPort, managementPort: 0, drainGraceMs: 500, integrity: { everyMinutes: 0 } };
  const running = await startControlPlane(controlPlaneConfigSchema.parse(config), { logger: unreadLogger });
  hold({ what: `control plane on ${data}`, release: () => running.close(), releaseNow: () => undefined });
  return running;
}

async function serveFlags(settings: object, deps: EvaluatorDeps = {}): ReturnType<typeof startEvaluator> {
  const config = evaluatorConfigSchema.parse({ grpcPort: 0, managementPort: 0, drainMs: 0, ...settings });
  const evaluator = await startEvaluator(config, { logger: unreadLogger, ...deps });
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  await evaluator.ready();
  return evaluator;
}

function connected(grpcPort: number): FlagstreamClient {
  const client = createClient({ target: `127.0.0.1:${grpcPort}` });
  hold({ what: 'client', release: () => client.close(), releaseNow: () => undefined });
  return client;
}

/** `a` is off in the backup, and on in each revision after it. */
async function withLostRevisions(admin: Admin, data: string): Promise<{ backup: string; newest: number }> {
  await admin.createBoolean('a', false);
  const backup = path.join(tempDir('restored-backup'), 'backup.db');
  expect((await runFlagstream(['backup', 'create', backup, '--data', data])).code).toBe(0);
  let newest = (await admin.setEnabled('a', true)).revision;
  for (let n = 1; n < LOST; n += 1) newest = (await admin.describe('a', `edit ${n}`)).revision;
  return { backup, newest };
}

async function restored(backup: string): Promise<string> {
  const data = tempDir('restored');
  const { code, stderr } = await runFlagstream(['backup', 'restore', backup, '--data', data]);
  expect(code, stderr).toBe(0);
  return data;
}

/** What an evaluation or a list of flags that must not be older than a revision of epoch 1 is answered. */
async function readsAfter(revision: number, admin: Admin, grpcPort: number): Promise<readonly unknown[]> {
  const evaluation = new EvaluationServiceClient(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
  hold({ what: 'evaluation client', release: async () => evaluation.close(), releaseNow: () => undefined });
  const minRevision = { epoch: 1, revision: BigInt(revision) };
  const evaluate = EvaluateRequest.fromPartial({ flagKey: 'a', minRevision });
  const list = ListFlagsRequest.fromPartial({ parent: 'projects/default', minRevision });
  const asked = await Promise.allSettled([
    callKnown(evaluation, evaluation.evaluate, evaluate),
    callKnown(admin.client, admin.client.listFlags, list),
  ]);
  return asked.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.value));
}

test('an evaluator that follows the control plane, and its client, leave what was lost', async () => {
  const port = await freePort();
  const lost = tempDir('lost');
  const before = await serveLog(lost, port);
  const admin = new Admin(port);
  const { backup, newest } = await withLostRevisions(admin, lost);
  const evaluator = await serveFlags({ controlPlane: { address: `127.0.0.1:${port}` } });
  const client = connected(evaluator.grpcPort);
  const told: WithdrawnEvent[] = [];
  client.on('withdrawn', (event) => told.push(event));
  await until(() => client.status().position?.revision === newest, {
    what: 'the client at what will be lost',
  });
  expect(client.booleanValue('a', false)).toBe(true);
  await before.close();

  const after = await serveLog(await restored(backup), port);
  const head = after.head();
  expect(head).toMatchObject({ epoch: 1001, revision: newest - LOST + 1 });
  // Nothing is written: both come down by themselves.
  await until(() => samePosition(evaluator.applied(), head), { what: 'the evaluator', timeoutMs: 20_000 });
  await until(() => client.status().position?.epoch === head.epoch, {
    what: 'the client',
    timeoutMs: 20_000,
  });
  expect(client.status().position?.revision).toBe(head.revision);
  expect(client.booleanValue('a', true)).toBe(false);
  const { epoch: newEpoch, revision: newRevision } = head;
  expect(told).toEqual([
    { withdrawn: { epoch: 1, revision: newest }, epoch: newEpoch, revision: newRevision },
  ]);
  for (const answer of await readsAfter(newest - 1, admin, evaluator.grpcPort))
    expect(answer).toMatchObject({ reason: 'REVISION_FORKED' });
  for (const answer of await readsAfter(newest - LOST, admin, evaluator.grpcPort))
    expect(answer).not.toBeInstanceOf(Error);

  const { epoch, revision } = await admin.setEnabled('a', true);
  expect({ epoch, revision }).toEqual({ epoch: head.epoch, revision: head.revision + 1 });
  await until(() => client.booleanValue('a', false), { what: 'the next change at the client' });
});

test('a client of the embedded mode leaves what was lost when it finds the restored log', async () => {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const embedded = async (data: string): Promise<() => Promise<void>> => {
    const controlPlane = await serveLog(data, port);
    const { logSource: source, snapshots, heads: authority } = controlPlane;
    const evaluator = await serveFlags({ grpcPort }, { source, snapshots, authority });
    return async () => {
      await evaluator.close();
      await controlPlane.close();
    };
  };
  const lost = tempDir('lost');
  const close = await embedded(lost);
  const { backup, newest } = await withLostRevisions(new Admin(port), lost);
  const client = connected(grpcPort);
  await until(() => client.status().position?.revision === newest, {
    what: 'the client at what will be lost',
  });
  await close();

  await embedded(await restored(backup));
  await until(() => client.status().position?.epoch === 1001, { what: 'the client', timeoutMs: 20_000 });
  expect(client.status().position?.revision).toBe(newest - LOST + 1);
  expect(client.booleanValue('a', true)).toBe(false);
});
