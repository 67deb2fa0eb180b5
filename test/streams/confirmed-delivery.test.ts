// Who has which revision in force, by acknowledgement: real streams over real ports.

import { FlagSyncServiceClient } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import type { FleetClient, Rollout } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { NackCode } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { startDev } from '../support/dev-instance.ts';
import { runFlagstream } from '../support/flagstream.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { DeliverySite } from './delivery-site.ts';
import { ThinClient } from './thin-client.ts';

const CLIENTS = 100;
const FROZEN = 7;
const idsOf = (clients: readonly FleetClient[]): string[] =>
  clients.map(({ client }) => client!.instanceId).sort();

test('laggards are exactly those that were frozen after their sockets had the bytes', async () => {
  const site = await DeliverySite.start();
  const evaluator = await site.startEvaluator('n1');
  await site.admin.createBoolean('checkout');
  const clients = await site.connect(evaluator.grpcPort, CLIENTS);
  const frozen = clients.filter((_, index) => index % Math.floor(CLIENTS / FROZEN) === 1).slice(0, FROZEN);
  for (const client of frozen) client.frozen = true;
  const { revision } = await site.admin.setEnabled('checkout', false);
  await until(() => frozen.every(({ ignoredBytes }) => ignoredBytes > 0), {
    what: 'the bytes at those that are frozen',
  });
  const rollout = await site.until(revision, ({ owing }) => owing === FROZEN, 'all others to have confirmed');
  expect(rollout).toMatchObject({
    complete: false,
    applied: CLIENTS - FROZEN,
    owing: FROZEN,
    departed: 0,
    nodes: 1,
    nodesApplied: 1,
    environments: ['projects/default/environments/development'],
  });
  expect(idsOf(rollout.laggards)).toEqual(frozen.map(({ instanceId }) => instanceId).sort());
  expect(rollout.confirmedP50Ms).toBeGreaterThan(0);
  // A second change coalesces: one transfer more, at its newest state.
  const second = await site.admin.setEnabled('checkout', true);
  const third = await site.admin.setEnabled('checkout', false);
  const before = frozen.map(({ transfers }) => transfers);
  for (const client of frozen) client.thaw();
  await site.until(third.revision, ({ complete }) => complete, 'everybody to have the newest');
  expect(await site.rollout(revision)).toMatchObject({ complete: true, applied: CLIENTS, owing: 0 });
  expect(frozen.map(({ transfers }, index) => transfers - before[index]!)).toEqual(frozen.map(() => 2));
  for (const { confirmed } of frozen) expect(confirmed).not.toContain(second.revision);
});

test('a client whose apply step is broken never counts, and says why', async () => {
  const site = await DeliverySite.start();
  const evaluator = await site.startEvaluator('n1');
  await site.admin.createBoolean('checkout');
  const [broken] = await site.connect(evaluator.grpcPort, 3);
  broken!.broken = true;
  const { revision } = await site.admin.setEnabled('checkout', false);
  const rollout = await site.until(revision, ({ applied }) => applied === 2, 'the others to have it');
  expect(rollout).toMatchObject({ complete: false, owing: 1 });
  expect(rollout.laggards[0]?.client).toMatchObject({
    instanceId: broken!.instanceId,
    refusal: NackCode.APPLY,
    refusalDetail: 'the apply step is broken',
  });
  broken!.broken = false;
  const next = await site.admin.setEnabled('checkout', true);
  await site.until(next.revision, ({ complete }) => complete, 'it to take the next one');
});

test('who leaves without confirming is named until it is back, also at another node', async () => {
  const site = await DeliverySite.start();
  const [first, second] = [await site.startEvaluator('n1'), await site.startEvaluator('n2')];
  await site.admin.createBoolean('checkout');
  await until(async () => (await site.nodes()).length === 2, { what: 'two nodes' });
  const [stays, leaves] = await site.connect(first.grpcPort, 2);
  leaves!.frozen = true;
  const { revision } = await site.admin.setEnabled('checkout', false);
  await until(() => leaves!.ignoredBytes > 0, { what: 'the bytes' });
  leaves!.vanish();
  const isGone = ({ complete, departed }: Rollout): boolean => complete && departed === 1;
  const gone = await site.until(revision, isGone, 'its departure');
  expect(gone).toMatchObject({ owing: 0, nodes: 2, nodesApplied: 2 });
  expect(idsOf(gone.departedClients)).toEqual([leaves!.instanceId]);
  expect(gone.departedClients[0]).toMatchObject({ nodeId: 'n1' });
  const back = new ThinClient(second.grpcPort, leaves!.instanceId);
  hold({ what: 'the one that is back', release: () => back.vanish(), releaseNow: () => undefined });
  await site.until(revision, ({ departed }) => departed === 0, 'it to be seen at the other node');
  expect(stays!.ended).toBeUndefined();
});

test('a node that stops in order is counted no more, and one that does not follow holds a rollout up', async () => {
  const site = await DeliverySite.start();
  const [first, second] = [await site.startEvaluator('n1'), await site.startEvaluator('n2')];
  await site.admin.createBoolean('checkout');
  await site.connect(second.grpcPort, 2);
  await until(async () => (await site.nodes()).length === 2, { what: 'two nodes' });
  await first.close();
  await until(async () => (await site.nodes()).map(({ nodeId }) => nodeId).join() === 'n2', {
    what: 'one of them to have left',
  });
  const { revision } = await site.admin.setEnabled('checkout', false);
  expect(await site.until(revision, ({ complete }) => complete, 'the other to have it')).toMatchObject({
    nodes: 1,
    applied: 2,
  });
});

test('a revision of another epoch is not taken for the one that has its number', async () => {
  const site = await DeliverySite.start();
  const { epoch, revision } = await site.admin.createBoolean('checkout');
  expect((await site.rollout(revision, epoch)).revision).toMatchObject({ epoch, revision: BigInt(revision) });
  await expect(site.rollout(revision, epoch + 1)).rejects.toMatchObject({
    details: expect.stringContaining(`revision e${epoch + 1}.${revision} is forked`),
  });
});

test('flagstream wait exits 0 once everybody has it, and 6 while somebody does not', async () => {
  const dev = await startDev();
  const { env } = dev;
  await dev.admin.createBoolean('checkout');
  const client = new ThinClient(dev.evaluatorPort, 'worker-1');
  hold({ what: 'a client', release: () => client.vanish(), releaseNow: () => undefined });
  await until(() => client.revision > 0, { what: 'the client to be current' });
  const { epoch, revision } = await dev.admin.setEnabled('checkout', false);
  const wait = (...more: string[]): ReturnType<typeof runFlagstream> =>
    runFlagstream(['wait', ...more], { env });
  const done = await wait(`--rev=e${epoch}.${revision}`, '--timeout=30');
  expect([done.code, done.stdout]).toEqual([0, expect.stringMatching(/^1 of 1 applied, p50 \d+ ms/)]);
  client.frozen = true;
  await dev.admin.setEnabled('checkout', true);
  const late = await wait('--timeout=2');
  expect([late.code, late.stdout]).toEqual([
    6,
    expect.stringMatching(/^0 of 1 applied; 1 lag: worker-1 \(e1\.\d+/),
  ]);
  client.vanish();
  const left = await wait('--timeout=3');
  expect([left.code, left.stdout]).toEqual([
    6,
    expect.stringContaining('1 left without confirming: worker-1'),
  ]);
  expect((await wait('--timeout=30', '--ignore-departed')).code).toBe(0);
  const nodes = await runFlagstream(['nodes', '-o', 'json'], { env });
  expect(JSON.parse(nodes.stdout)).toMatchObject({ nodes: [{ nodeId: 'dev', state: 'NODE_STATE_LIVE' }] });
  const clients = await runFlagstream(['clients'], { env });
  expect(clients.stdout).toContain('left dev: worker-1');
  const slip = await runFlagstream(['clients', '-e', 'developmnt'], { env });
  expect([slip.code, slip.stderr]).toEqual([3, expect.stringContaining('ENVIRONMENT_NOT_FOUND')]);
});

test('clients that confirm nothing are named by their engine, and where its splits differ', async () => {
  const site = await DeliverySite.start();
  await site.admin.createBoolean('checkout');
  const evaluator = await site.startEvaluator('n1');
  const subscribe = (userAgent: string): void => {
    const client = new FlagSyncServiceClient(
      `127.0.0.1:${evaluator.syncPort}`,
      credentials.createInsecure(),
      { 'grpc.use_local_subchannel_pool': 1, 'grpc.primary_user_agent': userAgent },
    );
    hold({ what: userAgent, release: () => client.close(), releaseNow: () => undefined });
    client.syncFlags({ providerId: '', selector: '' }).on('error', () => undefined);
  };
  for (const userAgent of ['grpc-java-netty/1.70.0', 'grpc-java-netty/1.70.0', 'grpc-go/1.76.0'])
    subscribe(userAgent);
  const clients = (): ReturnType<typeof runFlagstream> =>
    runFlagstream(['clients', '--server', site.address]);
  await until(async () => (await clients()).stdout.includes('java (2, splits differ), go (1)'), {
    what: 'clients that are named by their engine',
  });
  const told = await clients();
  expect(told.stdout).toMatch(/^projects\/default\/environments\/development(\t0){5}\t/m);
});
