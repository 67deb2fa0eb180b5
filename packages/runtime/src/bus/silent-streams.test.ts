/**
 * What a JetStream consumer is silent about: a stream that was rewound, one
 * that ends before the wanted start, one that was deleted and made anew. A
 * follower folds what the source delivers and must come to know each of them.
 */
import { cp, rm } from 'node:fs/promises';
import { logStreamName, recordCodec } from '@flagstream/protocol';
import { type FoldOutcome, LogState, type SourceStatus } from '@flagstream/replica';
import { connect } from 'nats';
import { afterEach, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { until } from '../../../../test/support/until.ts';
import type { Bus } from './bus.ts';
import { JetStreamSource } from './jetstream-source.ts';
import { connectBus } from './nats-bus.ts';
import { ShippedLog } from './shipped-log.fixture.ts';

const MAX_BYTES = 8_388_608;

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of opened.splice(0).reverse()) await part.close();
});

async function open(url: string, prefix: string): Promise<Bus> {
  const bus = await connectBus({ url, prefix, name: 'test', logger: unreadLogger });
  opened.push(bus);
  return bus;
}

interface Followed {
  readonly state: LogState;
  readonly outcomes: FoldOutcome['kind'][];
  readonly statuses: SourceStatus['kind'][];
}

/** Folds all of a log, then what the source delivers after it. */
function follow(bus: Bus, log: ShippedLog): Followed {
  const state = new LogState(recordCodec);
  for (const record of log.records) state.apply(record);
  const outcomes: FoldOutcome['kind'][] = [];
  const statuses: SourceStatus['kind'][] = [];
  const subscription = new JetStreamSource(bus, unreadLogger).open(state.position, {
    records: (records) => {
      for (const bytes of records) outcomes.push(state.apply(recordCodec.decodeRecord(bytes)).kind);
    },
    head: () => undefined,
    status: ({ kind }) => statuses.push(kind),
  });
  opened.push(subscription);
  return { state, outcomes, statuses };
}

/** Ten revisions; another log shares the first five. */
function twoLogs(): { readonly log: ShippedLog; readonly other: ShippedLog } {
  const log = new ShippedLog();
  log.beginEpoch(1);
  log.write(9);
  const other = log.upTo(5);
  other.write(2, 'another change');
  return { log, other };
}

async function shipAll(bus: Bus, log: ShippedLog): Promise<void> {
  await bus.ensureLogStream(1, MAX_BYTES);
  await log.ship(bus, 1);
}

async function deleteStream(server: NatsServer, prefix: string): Promise<void> {
  const nc = await connect({ servers: server.url });
  const jsm = await nc.jetstreamManager();
  await jsm.streams.delete(logStreamName(prefix, 1));
  await nc.close();
}

const live = (followed: Followed): Promise<unknown> =>
  until(() => followed.statuses.at(-1) === 'live', { what: 'the follower to be live' });
const diverged = (followed: Followed): Promise<unknown> =>
  until(() => followed.outcomes.includes('diverged'), { what: 'the follower to see other content' });

requiresNats().describe('a stream that ends before the follower', () => {
  it('is recognised by its last record when that is another', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, `${server.prefix}-other`);
    const { log, other } = twoLogs();
    await shipAll(bus, other);
    const followed = follow(bus, log);
    await diverged(followed);
    expect(followed.state.position.revision).toBe(10);
  });

  it('is followed again when it has caught up with the same records', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, `${server.prefix}-same`);
    const { log } = twoLogs();
    await shipAll(bus, log.upTo(5));
    const followed = follow(bus, log);
    await live(followed);
    log.write(1);
    await log.ship(bus, 1);
    await until(() => followed.state.position.revision === 11, { what: 'the new revision' });
    expect(new Set(followed.outcomes)).toEqual(new Set(['duplicate', 'applied']));
  });
});

requiresNats().describe('a stream that is deleted and made anew, shorter', () => {
  it('is told, then recognised by its content', async () => {
    const server = await startNatsServer();
    const prefix = `${server.prefix}-anew`;
    const bus = await open(server.url, prefix);
    const { log, other } = twoLogs();
    await shipAll(bus, log);
    const followed = follow(bus, log);
    await live(followed);
    await deleteStream(server, prefix);
    await until(() => followed.statuses.at(-1) === 'down', { what: 'the follower to be down' });
    await shipAll(bus, other);
    await diverged(followed);
    expect(followed.statuses.at(-1)).toBe('live');
  });

  it('is recognised when that happened while the follower was cut off', async () => {
    const server = await startNatsServer();
    const prefix = `${server.prefix}-cut`;
    const proxy = await TcpProxy.start(server.port);
    const direct = await open(server.url, prefix);
    const cutOff = await open(`nats://${proxy.address}`, prefix);
    const { log, other } = twoLogs();
    await shipAll(direct, log);
    const followed = follow(cutOff, log);
    await live(followed);
    proxy.set({ kind: 'cut' });
    await until(() => followed.statuses.at(-1) === 'down', { what: 'the follower to be down' });
    await deleteStream(server, prefix);
    await shipAll(direct, other);
    proxy.heal();
    await diverged(followed);
  });
});

requiresNats('2.9.0', { ownServer: true }).describe('a stream that was restored from an older copy', () => {
  async function rewound(server: NatsServer, bus: Bus, log: ShippedLog): Promise<Followed> {
    await shipAll(bus, log.upTo(5));
    await server.stop();
    const older = tempDir('older');
    await cp(server.storeDir!, older, { recursive: true });
    await server.restart();
    await until(() => bus.connected, { what: 'the connection' });
    await shipAll(bus, log);
    const followed = follow(bus, log);
    await live(followed);
    await server.stop();
    await until(() => followed.statuses.at(-1) === 'down', { what: 'the follower to be down' });
    await rm(server.storeDir!, { recursive: true });
    await cp(older, server.storeDir!, { recursive: true });
    await server.restart();
    await live(followed);
    expect((await bus.logStreamInfo(1))?.lastSeq).toBe(5);
    return followed;
  }

  it('and written by another', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, server.prefix);
    const { log, other } = twoLogs();
    const followed = await rewound(server, bus, log);
    await other.ship(bus, 1);
    await diverged(followed);
    expect(followed.state.position.revision).toBe(10);
  });

  it('and shipped again: nothing is lost, nothing applied twice', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, server.prefix);
    const { log } = twoLogs();
    const followed = await rewound(server, bus, log);
    log.write(3);
    await log.ship(bus, 1);
    await until(() => followed.state.position.revision === 13, { what: 'the new revisions' });
    expect(followed.outcomes.filter((kind) => kind === 'applied')).toHaveLength(3);
    expect(followed.outcomes).not.toContain('diverged');
  });
});

requiresNats().describe('a move to a higher epoch', () => {
  it('is ordered by each beacon, also when the first came before the stream', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, `${server.prefix}-early`);
    const { log } = twoLogs();
    await shipAll(bus, log);
    const followed = follow(bus, log);
    await live(followed);
    log.beginEpoch(2);
    log.announce(bus);
    await bus.ensureLogStream(2, MAX_BYTES);
    log.announce(bus);
    await log.ship(bus, 2);
    await until(
      () => {
        log.announce(bus);
        return followed.state.position.epoch === 2;
      },
      { what: 'the second epoch' },
    );
    expect(followed.state.position.revision).toBe(11);
  });

  it('waits for its first record: until then the older stream is followed', async () => {
    const server = await startNatsServer();
    const bus = await open(server.url, `${server.prefix}-empty`);
    const { log } = twoLogs();
    await shipAll(bus, log);
    await bus.ensureLogStream(2, MAX_BYTES);
    const followed = follow(bus, log.upTo(8));
    await until(() => followed.state.position.revision === 10, { what: 'the rest of the first epoch' });
    log.beginEpoch(2);
    await log.ship(bus, 2);
    await until(() => followed.state.position.epoch === 2, { what: 'the second epoch, without a beacon' });
  });
});
