// One change's life on real processes: control plane, nats-server, two evaluators, SDK clients.

import { createClient, type FlagstreamClient } from '@flagstream/client';
import { afterAll, beforeAll, expect } from 'vitest';
import { Installation, type RunningNode } from '../support/installation.ts';
import { privateValue } from '../support/private-value.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';

const CLIENTS = 10;
const AWAY_CHANGES = 500;
/** Writes under way at the same time. */
const WRITERS = 20;

/** A client and the revisions at which it was told that the flag changed. */
interface Observer {
  readonly client: FlagstreamClient;
  readonly revisions: number[];
}

requiresNats('2.9.0', { ownServer: true }).describe('one change, end to end', () => {
  let installation: Installation;
  const observers: Observer[] = [];

  beforeAll(async () => {
    installation = await Installation.start({ evaluators: 2 });
    await installation.admin.createBoolean('checkout', false);
    for (let i = 0; i < CLIENTS; i += 1) {
      const node = installation.evaluators[i % installation.evaluators.length]!;
      observers.push(observe(node.grpcPort, 'checkout'));
    }
    await Promise.all(observers.map(({ client }) => client.waitForReady(20_000)));
    await everyone(false);
  });

  afterAll(async () => {
    await Promise.all(observers.map(({ client }) => client.close()));
  });

  const value = ({ client }: Observer): boolean =>
    client.booleanValue('checkout', false, { targetingKey: privateValue('user') });

  async function everyone(expected: boolean): Promise<void> {
    await until(() => observers.every((observer) => value(observer) === expected), {
      what: `all clients to answer ${expected}`,
      timeoutMs: 20_000,
    });
  }

  /** Changes of the flag, each a revision of its own. */
  async function manyWrites(count: number): Promise<void> {
    let left = count;
    const write = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await installation.admin.describe('checkout', `change ${left}`);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, write));
  }

  requiresNats().test('(a) reaches all ten clients, in order, once', async () => {
    for (const { revisions } of observers) revisions.length = 0;
    const { revision } = await installation.admin.setEnabled('checkout', true);
    await everyone(true);
    for (const { revisions } of observers) expect(revisions).toEqual([revision]);

    // Many changes in a row: some may be coalesced, none repeated, none out of order, the last one never missed.
    let last = revision;
    for (let i = 0; i < 20; i += 1)
      last = (await installation.admin.setEnabled('checkout', i % 2 === 1)).revision;
    await until(() => observers.every(({ revisions }) => revisions.at(-1) === last), {
      what: `all clients to reach revision ${last}`,
      timeoutMs: 20_000,
    });
    for (const { revisions } of observers)
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    await everyone(true);
  });

  requiresNats().test('(b) survives kill -9 of the control plane right after the answer', async () => {
    const { revision } = await installation.admin.setEnabled('checkout', false, 'right-before-the-crash');
    await installation.crashControlPlane();
    await installation.restartControlPlane();
    const again = await installation.admin.setEnabled('checkout', false, 'right-before-the-crash');
    expect(again.revision).toBe(revision);
    await everyone(false);
    await until(() => observers.every(({ revisions }) => revisions.at(-1) === revision), {
      what: `all clients to reach revision ${revision}`,
      timeoutMs: 20_000,
    });
  });

  requiresNats('2.9.0', { ownServer: true }).test('(c) is delivered when NATS comes back', async () => {
    await installation.nats.stop();
    const { revision } = await installation.admin.setEnabled('checkout', true);
    await installation.nats.restart();
    await everyone(true);
    for (const { revisions } of observers) expect(revisions.at(-1)).toBe(revision);
  });

  requiresNats().test('(d) reaches a client that was away for 500 changes by delta', async () => {
    const [observer] = observers;
    if (observer === undefined) throw new Error('there is no client');
    const node = installation.evaluators[0]!;
    const cacheDir = installation.dataDir;
    const before = observe(node.grpcPort, 'checkout', cacheDir);
    await before.client.waitForReady(20_000);
    await before.client.close();
    await manyWrites(AWAY_CHANGES - 1);
    const { revision: last } = await installation.admin.setEnabled('checkout', false);
    await until(() => observers.every(({ revisions }) => revisions.at(-1) === last), {
      what: `the others to reach revision ${last}`,
      timeoutMs: 20_000,
    });
    const sent = await transfers(node);
    const after = observe(node.grpcPort, 'checkout', cacheDir);
    await until(() => after.client.status().position?.revision === last, {
      what: `the returning client to reach revision ${last}`,
      timeoutMs: 20_000,
    });
    expect(await transfers(node)).toEqual({ delta: sent.delta + 1, full: sent.full });
    expect(after.revisions).toEqual([last]);
    expect(value(after)).toBe(false);
    await after.client.close();
  });
});

/** Transfers that an evaluator has sent, by kind. */
async function transfers({ managementPort }: RunningNode): Promise<{ delta: number; full: number }> {
  const count = (kind: string): Promise<number> =>
    scrape(managementPort, `flagstream_transfers_total{kind="${kind}"}`);
  return { delta: await count('delta'), full: await count('full') };
}

function observe(grpcPort: number, flag: string, cacheDir?: string): Observer {
  const client = createClient({
    target: `127.0.0.1:${grpcPort}`,
    ...(cacheDir === undefined ? {} : { cache: { dir: cacheDir } }),
  });
  const revisions: number[] = [];
  client.on('change', ({ flagKeys, revision }) => {
    if (flagKeys.includes(flag)) revisions.push(revision);
  });
  hold({ what: 'client', release: () => client.close(), releaseNow: () => undefined });
  return { client, revisions };
}
