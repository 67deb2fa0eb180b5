// What the README promises to clients (C1, C2, C3), over real evaluators and sockets.

import type { FlagstreamClient } from '@flagstream/client';
import { decodeServerFrame, encodeClientFrame, sha256 } from '@flagstream/protocol';
import { ClientSet, ENTITY_KIND } from '@flagstream/replica';
import { expect, test } from 'vitest';
import { DiskCopyWriter, readDiskCopy } from '../../packages/client/src/store/disk-copy-file.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { DeliverySite } from './delivery-site.ts';
import { FlagGroup, regressions, type Sight } from './flag-group.ts';
import { observedClient } from './observed-client.ts';
import { StormNode } from './storm-node.ts';
import { ThinClient } from './thin-client.ts';

const GROUP = 48;
const DIVERGENCES = 'flagstream_stream_divergences_total';

const holdsNewest = (group: FlagGroup, client: FlagstreamClient): boolean =>
  client.allFlags().revision >= group.revision;

test('C1: clients see only states that existed, in their order, each transfer as a whole, and the last one', async () => {
  const site = await DeliverySite.start();
  const { grpcPort } = await site.startEvaluator('n1');
  const group = await FlagGroup.create(site.admin, GROUP);
  const sights: Sight[] = [];
  const clients = Array.from({ length: 4 }, (_, index) => {
    const name = `client-${index}`;
    return observedClient({
      name,
      targets: [`127.0.0.1:${grpcPort}`],
      look: (client) => sights.push(group.seenBy(name, client)),
    });
  });
  await Promise.all(clients.map((client) => client.waitForLive()));
  // Small frames: a change of the group takes several. Some freeze now and then, and are sent what came meanwhile.
  const torn: string[] = [];
  const thin = Array.from({ length: 9 }, (_, index) => {
    const client = new ThinClient(grpcPort, `thin-${index}`, {
      frameBytesMax: 16_384,
      onApply: (set) => {
        const configs = [...set.entities()].filter(({ change }) => change.kind === ENTITY_KIND.flagConfig);
        if (configs.length !== GROUP || new Set(configs.map(({ version }) => version)).size !== 1)
          torn.push(`${client.instanceId} at ${set.position?.revision}`);
      },
    });
    hold({ what: client.instanceId, release: () => client.vanish(), releaseNow: () => undefined });
    return client;
  });
  for (let burst = 0; burst < 4; burst++) {
    for (const [index, client] of thin.entries()) {
      if (index % 3 === burst % 3) client.frozen = true;
      else client.thaw();
    }
    await group.writeTimes(5);
    for (const client of thin) client.thaw();
    await until(() => clients.every((client) => holdsNewest(group, client)), {
      what: 'the last state at all clients',
    });
    await until(() => thin.every(({ revision }) => revision >= group.revision), {
      what: 'the last state at thin clients',
    });
    for (const client of clients) expect(group.seenBy('', client).values).toEqual([group.value]);
  }
  expect(group.neverExisted(sights.filter(({ revision }) => revision > 0))).toEqual([]);
  expect(regressions(sights)).toEqual([]);
  expect(torn).toEqual([]);
  for (const { confirmed, partedTransfers, ended } of thin) {
    expect(ended).toBeUndefined();
    expect(confirmed).toEqual([...new Set(confirmed)].sort((a, b) => a - b));
    expect(partedTransfers).toBeGreaterThan(1);
  }
  expect(new Set(sights.map(({ revision }) => revision)).size).toBeGreaterThan(10);
});

test('C2: clients that are driven from evaluator to evaluator, some of which lag, never move backwards', async () => {
  const site = await DeliverySite.start();
  const group = await FlagGroup.create(site.admin, 2);
  const nodes = await Promise.all(['n1', 'n2', 'n3'].map((id) => StormNode.start(id, site.controlPlanePort)));
  const sights: Sight[] = [];
  const clients = Array.from({ length: 9 }, (_, index) => {
    const name = `client-${index}`;
    return observedClient({
      name,
      targets: nodes.map(({ address }) => address),
      look: (client) => sights.push(group.seenBy(name, client)),
    });
  });
  await Promise.all(clients.map((client) => client.waitForLive()));
  const at = (node: StormNode): FlagstreamClient[] =>
    clients.filter((client) => client.status().node === node.id);
  const all = (are: (client: FlagstreamClient) => boolean, what: string): Promise<true> =>
    until(() => clients.every(are) || undefined, { what, timeoutMs: 60_000 });
  let refusedAsBehind = 0;
  for (let round = 0; round < 3; round++) {
    const [lags, dies, stays] = [0, 1, 2].map((offset) => nodes[(round + offset) % 3]!) as [
      StormNode,
      StormNode,
      StormNode,
    ];
    lags.fallBehind();
    const slow = new Set(at(lags));
    await group.writeTimes(3);
    await all(
      (client) => slow.has(client) || holdsNewest(group, client),
      'those whose evaluator follows to be current',
    );
    await dies.kill();
    await all(
      (client) => slow.has(client) || client.status().node === stays.id,
      'its clients at the one that follows',
    );
    // From its disk, and cut off: it comes back as it was, which is before what clients hold.
    dies.fallBehind();
    await dies.start();
    await group.writeTimes(3);
    await all((client) => slow.has(client) || holdsNewest(group, client), 'all others to go on');
    // Nobody is left who has what they hold: they keep it, and wait.
    await stays.kill();
    await until(async () => (await lags.refusedAsBehind()) + (await dies.refusedAsBehind()) > 0, {
      what: 'clients to be refused by those that are behind',
    });
    for (const client of clients) expect(group.neverExisted([group.seenBy('', client)])).toEqual([]);
    refusedAsBehind += (await lags.refusedAsBehind()) + (await dies.refusedAsBehind());
    lags.catchUp();
    dies.catchUp();
    await all((client) => holdsNewest(group, client), 'all to have the newest state');
    await stays.start();
    await all((client) => client.status().state === 'live', 'all to be live');
  }
  expect(refusedAsBehind).toBeGreaterThan(0);
  expect(regressions(sights)).toEqual([]);
  expect(group.neverExisted(sights.filter(({ revision }) => revision > 0))).toEqual([]);
});

test('C3: a client that missed a change and does not know it is found at a heartbeat, counted and mended', async () => {
  const site = await DeliverySite.start();
  const { grpcPort, managementPort } = await site.startEvaluator('n1');
  await site.admin.createBoolean('checkout');
  let steals = false;
  const wrong: number[] = [];
  const client = observedClient({
    name: 'client',
    targets: [`127.0.0.1:${grpcPort}`],
    heartbeatMs: 1_000,
    // Something on the way takes a change and confirms it: the next bookmark moves the client over it.
    frame: (bytes, pass, send) => {
      const frame = decodeServerFrame(bytes);
      if (!steals || frame.type !== 'update') return pass(bytes);
      steals = false;
      const { transferId, to: position, digest } = frame.transfer;
      const have = { position, digest, logIdentity: new Uint8Array(0) };
      send(encodeClientFrame({ type: 'ack', transferId, have, applyUs: 1 }));
    },
    look: (looked) => {
      const { revision } = looked.allFlags();
      if (revision >= changed && looked.booleanValue('checkout', false)) wrong.push(revision);
    },
  });
  let changed = Number.POSITIVE_INFINITY;
  await client.waitForLive();
  expect(client.booleanValue('checkout', false)).toBe(true);
  steals = true;
  changed = (await site.admin.setEnabled('checkout', false)).revision;
  await until(() => !client.booleanValue('checkout', true), {
    what: 'the client to be mended',
    timeoutMs: 30_000,
  });
  expect(wrong).toContain(changed);
  expect(await scrape(managementPort, DIVERGENCES)).toBe(1);
  const next = await site.admin.setEnabled('checkout', true);
  await until(() => client.allFlags().revision >= next.revision, { what: 'the next change' });
  expect(client.booleanValue('checkout', false)).toBe(true);
  expect(await scrape(managementPort, DIVERGENCES)).toBe(1);
});

test('C3: a copy on disk that is whole, and not what the log says, is found when its client comes back', async () => {
  const site = await DeliverySite.start();
  const { grpcPort, managementPort } = await site.startEvaluator('n1');
  const { revision } = await site.admin.createBoolean('checkout');
  const options = { name: 'client', targets: [`127.0.0.1:${grpcPort}`], cacheDir: tempDir('copy') };
  const first = observedClient(options);
  await first.waitForLive();
  await first.close();
  await corruptCopy(options.cacheDir, 'checkout');
  const answers = new Set<unknown>();
  const second = observedClient({
    ...options,
    look: (client) => answers.add(client.evaluate('checkout').value),
  });
  await second.waitForReady();
  expect([second.evaluate('checkout').value, second.allFlags().revision]).toEqual([undefined, revision]);
  await second.waitForLive();
  expect([second.evaluate('checkout').value, second.allFlags().revision]).toEqual([true, revision]);
  expect(await scrape(managementPort, DIVERGENCES)).toBe(1);
});

/** As a release with a wrong fold would have written it: without one flag, and in order otherwise. */
async function corruptCopy(dir: string, without: string): Promise<void> {
  const reading = await readDiskCopy(dir, { project: 'default', environment: 'development' });
  if (reading.kind !== 'read') throw new Error(reading.kind);
  const { set } = reading.copy;
  const entities = [...set.entities()].filter(({ change }) => change.key !== without);
  const wrong = ClientSet.of(sha256, set.position!, set.logIdentity, entities);
  const writer = new DiskCopyWriter({
    dir,
    clock: { nowMs: () => 0, monotonicMs: () => 0, schedule: () => () => undefined },
    current: () => ({ ...reading.copy, set: wrong }),
    onError: (thrown) => {
      throw thrown;
    },
  });
  await writer.flush();
}
