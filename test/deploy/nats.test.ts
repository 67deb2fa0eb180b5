// deploy/nats/nats.conf in a real nats-server: with what it allows a control plane and an evaluator work, and what
// nobody should do is refused.

import { rm } from 'node:fs/promises';
import { connectBus, natsCredentials, probeNats } from '@flagstream/runtime';
import { AckPolicy, connect, DeliverPolicy, StorageType } from 'nats';
import { expect, test } from 'vitest';
import { requiresNats } from '../support/requires-nats.ts';
import { until } from '../support/until.ts';
import type { Shop } from '../system/shop.ts';
import { type NatsPerson, type NatsUser, SecuredNats } from './nats-secured.ts';

/** Revisions after which the control plane writes a snapshot. */
const SNAPSHOT_WAIT_MS = 60_000;

const complaints = ({ logs }: SecuredNats): readonly unknown[] =>
  logs.filter((line) => /permission/i.test(JSON.stringify(line)));

async function follows(
  shop: Shop,
  evaluator: { applied(): { epoch: number; revision: number } },
): Promise<void> {
  await until(
    () => {
      const [head, applied] = [shop.running.head(), evaluator.applied()];
      return applied.epoch === head.epoch && applied.revision === head.revision;
    },
    { what: 'the evaluator to have got as far as the control plane', timeoutMs: SNAPSHOT_WAIT_MS },
  );
}

/** What the server says of an act that it refuses. */
async function refusalOf({ connection, refusals }: NatsPerson, act: () => void): Promise<unknown> {
  const before = refusals.length;
  act();
  await connection.flush();
  return until(() => refusals[before], { what: 'the refusal' });
}

requiresNats('2.9.0', { ownServer: true }).describe('deploy/nats/nats.conf', () => {
  test('lets a control plane and an evaluator do all of their work', async () => {
    const nats = await SecuredNats.start();
    const shop = await nats.startControlPlane();
    await shop.admin.createBoolean('first');
    const evaluator = await nats.startEvaluator();
    await evaluator.ready();
    await follows(shop, evaluator);
    await shop.admin.setEnabled('first', false);
    await follows(shop, evaluator);

    // More snapshots than are kept: older ones are removed.
    const bus = await connectBus({
      credentials: () => natsCredentials(nats.settings('CONTROL_PLANE')),
      inboxPrefix: '_INBOX_cp',
      url: nats.server.url,
      prefix: 'flagstream',
      name: 'test',
      logger: nats.logger,
    });
    for (const key of ['a', 'b', 'c']) {
      await shop.admin.createBoolean(key);
      await bus.putSnapshot(await shop.running.snapshots.fetch());
    }
    await bus.close();

    // Everything is lost there: a new epoch, with a snapshot that evaluators start from.
    await nats.server.stop();
    await rm(nats.server.storeDir!, { recursive: true });
    await nats.server.restart();
    await until(() => shop.running.head().epoch > 1, { what: 'the new epoch', timeoutMs: 30_000 });
    await shop.admin.createBoolean('second');
    await follows(shop, evaluator);

    // From NATS alone, as one that was never here.
    const fresh = await nats.startEvaluator();
    await fresh.ready();
    await follows(shop, fresh);
    expect(complaints(nats)).toEqual([]);
  });

  test('keeps out who shows no certificate, no nkey, or speaks plaintext', async () => {
    const nats = await SecuredNats.start();
    const { url } = nats.server;
    const { cert, key } = nats.authority.issue('somebody');
    const ca = nats.authority.cert;
    await expect(connect({ servers: url, reconnect: false, tls: { ca } })).rejects.toThrow();
    await expect(connect({ servers: url, reconnect: false, tls: { ca, cert, key } })).rejects.toThrow(
      /authorization/i,
    );
    await expect(connect({ servers: url, reconnect: false, tls: null })).rejects.toThrow();
  });

  test('does not take for a head what JetStream delivers to where heads are told', async () => {
    // Permissions do not say where a consumer delivers to: an evaluator can have stored records sent to any subject.
    const nats = await SecuredNats.start();
    const shop = await nats.startControlPlane();
    const evaluator = await nats.connectAs('EVALUATOR');
    const { consumers } = await evaluator.connection.jetstreamManager({ checkAPI: false });
    const name = 'spoof';
    await consumers.add('FLAGSTREAM_LOG_E1', {
      name,
      deliver_subject: 'flagstream.head',
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.All,
    });
    await shop.admin.createBoolean('first');
    const { revision } = shop.running.head();
    const delivered = async (): Promise<boolean> =>
      (await consumers.info('FLAGSTREAM_LOG_E1', name)).delivered.stream_seq >= revision;
    await until(delivered, { what: 'all records to be delivered as heads' });
    await shop.admin.createBoolean('second');
    const fresh = await nats.startEvaluator();
    await fresh.ready();
    await follows(shop, fresh);
    expect(nats.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test("lets a person's doctor probe the server", async () => {
    const nats = await SecuredNats.start();
    const shop = await nats.startControlPlane();
    await shop.admin.createBoolean('first');
    const { url } = nats.server;
    const { findings } = await probeNats({
      credentials: () => natsCredentials(nats.settings('ADMIN')),
      inboxPrefix: '_INBOX_admin',
      url,
      prefix: 'flagstream',
      acceptReplicas: false,
      timeoutMs: 60_000,
      logger: nats.logger,
    });
    expect(findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')).toEqual([]);
    expect(findings.map(({ check }) => check)).toContain('cas race');
    expect(complaints(nats)).toEqual([]);
  });

  test('refuses what an evaluator, a control plane and an admin must not do', async () => {
    const nats = await SecuredNats.start();
    const shop = await nats.startControlPlane();
    await shop.admin.createBoolean('first');
    const fresh = await nats.startEvaluator();
    await fresh.ready();
    const [evaluator, controlPlane, admin] = await Promise.all([
      nats.connectAs('EVALUATOR'),
      nats.connectAs('CONTROL_PLANE'),
      nats.connectAs('ADMIN'),
    ]);
    const users: Readonly<Record<NatsUser, NatsPerson>> = {
      EVALUATOR: evaluator,
      CONTROL_PLANE: controlPlane,
      ADMIN: admin,
    };
    const nothing = (): void => undefined;
    const publications: readonly (readonly [NatsUser, string])[] = [
      ['EVALUATOR', 'flagstream.log.1'],
      ['EVALUATOR', 'flagstream.head'],
      ['EVALUATOR', '$O.FLAGSTREAM_SNAPSHOT.M.x'],
      ['EVALUATOR', '_INBOX_cp.anything'],
      ['CONTROL_PLANE', '_INBOX_ev.anything'],
      ['ADMIN', 'flagstream.log.1'],
      ['ADMIN', 'flagstream.head'],
    ];
    for (const [user, subject] of publications) {
      const refusal = await refusalOf(users[user], () => users[user].connection.publish(subject, 'x'));
      expect([user, refusal]).toMatchObject([user, { operation: 'publish', subject }]);
    }
    const subscriptions: readonly (readonly [NatsUser, string])[] = [
      ['EVALUATOR', '_INBOX_cp.>'],
      ['EVALUATOR', '_INBOX_admin.>'],
      ['EVALUATOR', '_INBOX.>'],
      ['EVALUATOR', '>'],
      ['EVALUATOR', 'flagstream.head.get'],
      ['CONTROL_PLANE', '_INBOX_ev.>'],
      ['ADMIN', '_INBOX_cp.>'],
    ];
    for (const [user, subject] of subscriptions) {
      const subscribe = (): unknown => users[user].connection.subscribe(subject, { callback: nothing });
      const refusal = await refusalOf(users[user], subscribe);
      expect([user, refusal]).toMatchObject([user, { operation: 'subscription', subject }]);
    }

    const stream = 'FLAGSTREAM_LOG_E1';
    const managers = {
      EVALUATOR: await evaluator.connection.jetstreamManager({ checkAPI: false, timeout: 2_000 }),
      CONTROL_PLANE: await controlPlane.connection.jetstreamManager({ checkAPI: false, timeout: 2_000 }),
      ADMIN: await admin.connection.jetstreamManager({ checkAPI: false, timeout: 2_000 }),
    };
    const denied = /permissions violation/i;
    for (const user of ['EVALUATOR', 'CONTROL_PLANE'] as const) {
      const { streams } = managers[user];
      await expect(streams.purge(stream), user).rejects.toThrow(denied);
      await expect(streams.delete(stream), user).rejects.toThrow(denied);
      await expect(streams.deleteMessage(stream, 1), user).rejects.toThrow(denied);
      await expect(streams.update(stream, { max_msgs: 1 }), user).rejects.toThrow();
      await expect(streams.delete('OBJ_FLAGSTREAM_SNAPSHOT'), user).rejects.toThrow(denied);
    }
    const other = { name: 'OTHER', subjects: ['other'], storage: StorageType.Memory };
    await expect(managers.EVALUATOR.streams.add(other)).rejects.toThrow(denied);
    await expect(managers.EVALUATOR.streams.purge('OBJ_FLAGSTREAM_SNAPSHOT')).rejects.toThrow(denied);
    await expect(managers.ADMIN.streams.purge(stream)).rejects.toThrow(denied);
    // What is left to a person: the streams of epochs that are over.
    expect(await managers.ADMIN.streams.delete(stream)).toBe(true);
  });
});
