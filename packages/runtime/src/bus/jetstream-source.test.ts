import { recordCodec } from '@flagstream/protocol';
import {
  type HeadBeacon,
  type LogSource,
  type LogSubscription,
  ORIGIN,
  type Position,
  type SourceStatus,
} from '@flagstream/replica';
import { afterEach, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
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

let serial = 0;

async function open(server: NatsServer): Promise<Bus> {
  serial += 1;
  const bus = await connectBus({
    url: server.url,
    prefix: `${server.prefix}-${serial}`,
    name: 'test',
    logger: unreadLogger,
  });
  opened.push(bus);
  return bus;
}

interface Followed {
  readonly positions: string[];
  readonly batches: number[];
  readonly heads: HeadBeacon[];
  readonly statuses: SourceStatus[];
  readonly subscription: LogSubscription;
}

function follow(source: LogSource, after: Position): Followed {
  const positions: string[] = [];
  const batches: number[] = [];
  const heads: HeadBeacon[] = [];
  const statuses: SourceStatus[] = [];
  const subscription = source.open(after, {
    records: (records) => {
      batches.push(records.length);
      for (const bytes of records) {
        const { epoch, revision } = recordCodec.decodeRecord(bytes);
        positions.push(`e${epoch}.${revision}`);
      }
    },
    head: (beacon) => heads.push(beacon),
    status: (status) => statuses.push(status),
  });
  opened.push(subscription);
  return { positions, batches, heads, statuses, subscription };
}

const revisions = (epoch: number, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `e${epoch}.${from + i}`);

requiresNats().describe('the log over JetStream', () => {
  it('delivers everything after a position, then each new record', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const log = new ShippedLog();
    log.beginEpoch(1);
    log.write(99);
    await bus.ensureLogStream(1, MAX_BYTES);
    await log.ship(bus, 1);
    const source = new JetStreamSource(bus, unreadLogger);
    const fresh = follow(source, ORIGIN);
    const late = follow(source, log.records[89]!);
    const current = follow(source, log.head);
    await until(() => fresh.positions.length === 100 && late.positions.length === 10, {
      what: 'the old records',
    });
    await until(() => current.statuses.length > 0, { what: 'the current follower to be live' });
    log.write(3);
    await log.ship(bus, 1);
    for (const { positions } of [fresh, late, current]) {
      await until(() => positions.at(-1) === 'e1.103', { what: 'the new records' });
    }
    expect(fresh.positions).toEqual(revisions(1, 1, 103));
    expect(late.positions).toEqual(revisions(1, 91, 103));
    expect(current.positions).toEqual(revisions(1, 101, 103));
    expect(fresh.statuses).toEqual([{ kind: 'live' }]);
    // What arrives together is passed on together.
    expect(fresh.batches.length).toBeLessThan(100);
    await fresh.subscription.close();
    log.write(1);
    await log.ship(bus, 1);
    await until(() => current.positions.at(-1) === 'e1.104', { what: 'the last record' });
    expect(fresh.positions.at(-1)).toBe('e1.103');
  });

  it('passes head beacons on, and survives one that is not', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const log = new ShippedLog();
    log.beginEpoch(1);
    const { heads } = follow(new JetStreamSource(bus, unreadLogger), ORIGIN);
    bus.publishHead(Uint8Array.of(0xff, 0xff, 0xff));
    log.announce(bus);
    await until(() => heads.length > 0, { what: 'the beacon' });
    expect(heads[0]).toMatchObject({ epoch: 1, headRevision: 1, bootId: 'boot' });
    expect(Buffer.from(heads[0]!.headHash)).toEqual(Buffer.from(log.head.hash));
  });

  it('waits for a stream that is not there yet', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const followed = follow(new JetStreamSource(bus, unreadLogger), ORIGIN);
    await until(() => followed.statuses.length > 0, { what: 'a status' });
    expect(followed.statuses).toEqual([{ kind: 'down', detail: 'there is no log stream yet' }]);
    const log = new ShippedLog();
    log.beginEpoch(1);
    log.write(1);
    await bus.ensureLogStream(1, MAX_BYTES);
    await log.ship(bus, 1);
    await until(() => followed.positions.length === 2, { what: 'the records' });
    expect(followed.statuses.at(-1)).toEqual({ kind: 'live' });
  });

  it('tells a follower that the window has left behind, and delivers nothing', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const log = new ShippedLog();
    log.beginEpoch(1);
    log.write(60, 'x'.repeat(2_000));
    await bus.ensureLogStream(1, 65_536);
    await log.ship(bus, 1);
    const { firstSeq } = (await bus.logStreamInfo(1))!;
    expect(firstSeq).toBeGreaterThan(1);
    const source = new JetStreamSource(bus, unreadLogger);
    const fresh = follow(source, ORIGIN);
    const inside = follow(source, log.records[firstSeq - 2]!);
    await until(() => inside.positions.at(-1) === 'e1.61', { what: 'the records of the window' });
    expect(inside.positions[0]).toBe(`e1.${firstSeq}`);
    await until(() => fresh.statuses.length > 0, { what: 'a status' });
    // It is its last word, also when NATS goes and comes back: who hears it opens the source again.
    await server.restart();
    await until(() => inside.statuses.map(({ kind }) => kind).join() === 'live,down,live', {
      what: 'the connection again',
    });
    expect(fresh.statuses).toEqual([
      {
        kind: 'behind',
        firstRevision: firstSeq,
        detail: expect.stringContaining('has fallen out of the stream'),
      },
    ]);
    expect(fresh.positions).toEqual([]);
  });

  it('moves to a higher epoch when a beacon names it', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const log = new ShippedLog();
    log.beginEpoch(1);
    log.write(4);
    await bus.ensureLogStream(1, MAX_BYTES);
    await log.ship(bus, 1);
    const source = new JetStreamSource(bus, unreadLogger);
    const caughtUp = follow(source, ORIGIN);
    await until(() => caughtUp.positions.length === 5, { what: 'the first epoch' });
    log.beginEpoch(2);
    log.write(2);
    await bus.ensureLogStream(2, MAX_BYTES);
    await log.ship(bus, 2);
    await until(
      () => {
        log.announce(bus);
        return caughtUp.positions.length === 8;
      },
      { what: 'the second epoch' },
    );
    expect(caughtUp.positions).toEqual([...revisions(1, 1, 5), ...revisions(2, 6, 8)]);
    const lost = follow(source, log.records[2]!);
    await until(() => lost.statuses.length > 0, { what: 'a status' });
    expect(lost.statuses).toMatchObject([{ kind: 'behind', firstRevision: 6 }]);
  });
});

requiresNats('2.9.0', { ownServer: true }).describe('the log over JetStream, when NATS goes away', () => {
  it('says down, then goes on where it was', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const log = new ShippedLog();
    log.beginEpoch(1);
    log.write(9);
    await bus.ensureLogStream(1, MAX_BYTES);
    await log.ship(bus, 1);
    const followed = follow(new JetStreamSource(bus, unreadLogger), ORIGIN);
    await until(() => followed.positions.length === 10, { what: 'the first records' });
    await server.stop('SIGKILL');
    await until(() => followed.statuses.at(-1)?.kind === 'down', { what: 'down' });
    await server.restart();
    await until(() => followed.statuses.at(-1)?.kind === 'live', { what: 'live again' });
    log.write(5);
    await until(
      async () => {
        await log.ship(bus, 1);
        return true;
      },
      { what: 'the records to be shipped' },
    );
    await until(() => followed.positions.length === 15, { what: 'the new records' });
    expect(followed.positions).toEqual(revisions(1, 1, 15));
  });
});
