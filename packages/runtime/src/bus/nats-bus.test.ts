import { createServer } from 'node:net';
import { LIMITS, logStreamName } from '@flagstream/protocol';
import { connect, DiscardPolicy, nanos } from 'nats';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../../../test/support/free-port.ts';
import { type NatsServer, startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { until } from '../../../../test/support/until.ts';
import type { Bus, BusStatus, TailStatus } from './bus.ts';
import { connectBus } from './nats-bus.ts';

const MAX_BYTES = 8_388_608;

const buses: Bus[] = [];
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

let serial = 0;

/** A bus under a prefix of its own, or under a given one. */
async function open(
  server: { readonly url: string; readonly prefix: string },
  prefix?: string,
  timeoutMs = 2_000,
): Promise<Bus> {
  serial += 1;
  const bus = await connectBus({
    url: server.url,
    prefix: prefix ?? `${server.prefix}-${serial}`,
    name: 'test',
    logger: unreadLogger,
    timeoutMs,
  });
  buses.push(bus);
  return bus;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

interface Followed {
  readonly records: [number, string][];
  readonly statuses: TailStatus['kind'][];
  close(): Promise<void>;
}

function follow(bus: Bus, epoch: number, startSeq: number): Followed {
  const records: [number, string][] = [];
  const statuses: TailStatus['kind'][] = [];
  const tail = bus.tail(epoch, startSeq, {
    record: (seq, content) => records.push([seq, text(content)]),
    status: ({ kind }) => statuses.push(kind),
  });
  return { records, statuses, close: () => tail.close() };
}

async function appendAll(bus: Bus, from: number, to: number): Promise<void> {
  const outcomes = [];
  for (let seq = from; seq <= to; seq++) outcomes.push(bus.append(1, bytes(`r${seq}`), seq - 1));
  for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
    expect(outcome).toEqual({ kind: 'ok', seq: from + index });
  }
}

requiresNats().describe('the bus', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });

  it('creates the stream of an epoch as the design says, and changes its size later', async () => {
    const prefix = `${server.prefix}-config`;
    const bus = await open(server, prefix);
    expect(bus.connected).toBe(true);
    expect(bus.serverVersion).toBe(server.version);
    expect(await bus.logStreamInfo(1)).toBeUndefined();
    expect(await bus.epochs()).toEqual([]);
    await Promise.all([bus.ensureLogStream(2, MAX_BYTES), bus.ensureLogStream(2, MAX_BYTES)]);
    await bus.ensureLogStream(10, MAX_BYTES);
    await bus.ensureLogStream(2, 2 * MAX_BYTES);
    expect(await bus.epochs()).toEqual([2, 10]);
    expect(await bus.logStreamInfo(2)).toMatchObject({ lastSeq: 0 });
    const nc = await connect({ servers: server.url });
    const jsm = await nc.jetstreamManager();
    const { config } = await jsm.streams.info(logStreamName(prefix, 2));
    await nc.close();
    expect(config).toMatchObject({
      subjects: [`${prefix}.log.2`],
      storage: 'file',
      retention: 'limits',
      discard: 'old',
      max_bytes: 2 * MAX_BYTES,
      max_msg_size: LIMITS.streamMessageBytesMax,
      deny_delete: true,
      deny_purge: true,
    });
    expect(config.allow_direct ?? false).toBe(false);
  });

  it('brings a stream in line that somebody made otherwise', async () => {
    const prefix = `${server.prefix}-otherwise`;
    const bus = await open(server, prefix);
    const nc = await connect({ servers: server.url });
    const jsm = await nc.jetstreamManager();
    const name = logStreamName(prefix, 1);
    await jsm.streams.add({
      name,
      subjects: [`${prefix}.log.>`],
      max_msgs: 5,
      discard: DiscardPolicy.New,
      max_age: nanos(60_000),
    });
    await bus.ensureLogStream(1, MAX_BYTES);
    const { config } = await jsm.streams.info(name);
    await nc.close();
    expect(config).toMatchObject({
      subjects: [`${prefix}.log.1`],
      discard: 'old',
      max_msgs: -1,
      max_age: 0,
      max_bytes: MAX_BYTES,
      max_msg_size: LIMITS.streamMessageBytesMax,
      deny_delete: true,
      deny_purge: true,
    });
    await appendAll(bus, 1, 20);
  });

  it('appends by compare-and-set on the whole stream', async () => {
    const bus = await open(server);
    await bus.ensureLogStream(1, MAX_BYTES);
    expect(await bus.append(1, bytes('one'), 0)).toEqual({ kind: 'ok', seq: 1 });
    expect(await bus.append(1, bytes('other'), 0)).toEqual({ kind: 'conflict', lastSeq: 1 });
    expect(await bus.append(1, bytes('far'), 7)).toEqual({ kind: 'conflict', lastSeq: 1 });
    expect(await bus.append(1, bytes('two'), 1)).toEqual({ kind: 'ok', seq: 2 });
    expect(await bus.logStreamInfo(1)).toEqual({ firstSeq: 1, lastSeq: 2, bytes: expect.any(Number) });
    expect(text((await bus.readRecord(1, 1))!)).toBe('one');
    expect(await bus.readRecord(1, 3)).toBeUndefined();
    expect(await bus.readRecord(9, 1)).toBeUndefined();
  });

  it('lets one of many writers win each place', async () => {
    const prefix = `${server.prefix}-race`;
    const writers = await Promise.all(Array.from({ length: 4 }, () => open(server, prefix)));
    await writers[0]!.ensureLogStream(1, MAX_BYTES);
    for (let last = 0; last < 20; last++) {
      const outcomes = await Promise.all(writers.map((bus, i) => bus.append(1, bytes(`${i}`), last)));
      expect(outcomes.filter(({ kind }) => kind === 'ok')).toEqual([{ kind: 'ok', seq: last + 1 }]);
      expect(outcomes.filter(({ kind }) => kind === 'conflict')).toHaveLength(3);
    }
  });

  it('sends pipelined appends in order', async () => {
    const bus = await open(server);
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 64);
  });

  it('refuses what the stream will never take, and does not know where nobody answers', async () => {
    const bus = await open(server);
    await bus.ensureLogStream(1, MAX_BYTES);
    const tooLarge = new Uint8Array(LIMITS.streamMessageBytesMax + 1);
    expect(await bus.append(1, tooLarge, 0)).toMatchObject({ kind: 'refused' });
    expect(await bus.append(1, new Uint8Array(4_194_304), 0)).toMatchObject({ kind: 'refused' });
    expect(await bus.append(2, bytes('no such stream'), 0)).toMatchObject({ kind: 'unknown' });
  });

  it('drops the oldest records of a full stream and goes on', async () => {
    const bus = await open(server);
    await bus.ensureLogStream(1, 65_536);
    const record = new Uint8Array(8_192);
    for (let last = 0; last < 20; last++) {
      expect(await bus.append(1, record, last)).toEqual({ kind: 'ok', seq: last + 1 });
    }
    const info = await bus.logStreamInfo(1);
    expect(info?.lastSeq).toBe(20);
    expect(info?.firstSeq).toBeGreaterThan(10);
    expect(info?.bytes).toBeGreaterThan(5 * record.length);
    expect(info?.bytes).toBeLessThanOrEqual(65_536);
    expect(await bus.readRecord(1, 1)).toBeUndefined();
    const tail = follow(bus, 1, 1);
    await until(() => tail.records.at(-1)?.[0] === 20, { what: 'the last record' });
    expect(tail.records[0]?.[0]).toBe(info?.firstSeq);
  });

  it('tails from a sequence: what is there, then what comes', async () => {
    const bus = await open(server);
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 200);
    const all = follow(bus, 1, 1);
    const some = follow(bus, 1, 199);
    await until(() => all.records.length === 200 && some.records.length === 2, {
      what: 'the records that are there',
    });
    await appendAll(bus, 201, 205);
    await until(() => all.records.length === 205 && some.records.length === 7, { what: 'the new records' });
    expect(all.records).toEqual(Array.from({ length: 205 }, (_, i) => [i + 1, `r${i + 1}`]));
    expect(some.records[0]).toEqual([199, 'r199']);
    expect(all.statuses).toEqual(['live']);
    await all.close();
    await appendAll(bus, 206, 206);
    await until(() => some.records.length === 8, { what: 'the record after the close' });
    expect(all.records).toHaveLength(205);
  });

  it('tails a stream that comes later', async () => {
    const bus = await open(server);
    const tail = follow(bus, 1, 1);
    await until(() => tail.statuses.includes('missing-stream'), { what: 'the missing stream to be told' });
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 3);
    await until(() => tail.records.length === 3, { what: 'the records' });
    expect(tail.statuses).toEqual(['missing-stream', 'live']);
  });

  it('makes a new consumer when its own is deleted behind its back', async () => {
    const prefix = `${server.prefix}-gone`;
    const bus = await open(server, prefix);
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 2);
    const tail = follow(bus, 1, 1);
    await until(() => tail.records.length === 2, { what: 'the first records' });
    const nc = await connect({ servers: server.url });
    const jsm = await nc.jetstreamManager();
    const stream = logStreamName(prefix, 1);
    const consumers = await jsm.consumers.list(stream).next();
    expect(consumers).toHaveLength(1);
    await jsm.consumers.delete(stream, consumers[0]!.name);
    await appendAll(bus, 3, 5);
    await until(() => tail.records.length === 5, { what: 'the records after the deletion' });
    expect(tail.records.map(([seq]) => seq)).toEqual([1, 2, 3, 4, 5]);
    await tail.close();
    await until(async () => (await jsm.consumers.list(stream).next()).length === 0, {
      what: 'no consumer left behind',
    });
    await nc.close();
  });

  it('passes head beacons to every listener until it stops', async () => {
    const prefix = `${server.prefix}-head`;
    const [here, there] = [await open(server, prefix), await open(server, prefix)];
    const heard: string[] = [];
    const stop = there.onHead((content) => heard.push(`a ${text(content)}`));
    there.onHead((content) => heard.push(`b ${text(content)}`));
    await until(
      () => {
        here.publishHead(bytes('1'));
        return heard.includes('b 1');
      },
      { what: 'the first beacon' },
    );
    stop();
    heard.length = 0;
    here.publishHead(bytes('2'));
    await until(() => heard.includes('b 2'), { what: 'the second beacon' });
    expect(heard.filter((line) => line.startsWith('a'))).toEqual([]);
  });

  it('answers with the head, for as long as somebody answers', async () => {
    const prefix = `${server.prefix}-ask`;
    const [asking, knowing] = [await open(server, prefix), await open(server, prefix, 50)];
    await expect(asking.askHead()).rejects.toMatchObject({ reason: 'UNREACHABLE' });
    let head: Uint8Array | undefined = bytes('head');
    const stop = knowing.answerHeads(() => head);
    await until(async () => text(await asking.askHead()) === 'head', { what: 'the head' });
    head = undefined;
    await expect(knowing.askHead()).rejects.toMatchObject({ reason: 'TIMEOUT' });
    stop();
    await until(
      () =>
        asking.askHead().then(
          () => false,
          ({ reason }) => reason === 'UNREACHABLE',
        ),
      { what: 'nobody to answer' },
    );
  });

  it('refuses a prefix that would not be one in NATS', async () => {
    const options = { url: server.url, prefix: 'a.b', name: 'test', logger: unreadLogger };
    await expect(connectBus(options)).rejects.toMatchObject({ reason: 'CONFIG_INVALID' });
  });
});

requiresNats('2.9.0', { ownServer: true }).describe('the bus, when NATS goes away', () => {
  it('starts without a server, answers at once, and connects when it comes', async () => {
    const port = await freePort();
    const bus = await open({ url: `nats://127.0.0.1:${port}`, prefix: 'late' });
    const statuses: BusStatus['kind'][] = [];
    bus.onStatus(({ kind }) => statuses.push(kind));
    const tail = follow(bus, 1, 1);
    expect(bus.connected).toBe(false);
    expect(await bus.append(1, bytes('x'), 0)).toEqual({ kind: 'unknown', detail: 'NATS is not connected' });
    await expect(bus.epochs()).rejects.toMatchObject({ reason: 'UNREACHABLE' });
    bus.publishHead(bytes('dropped'));
    await until(() => tail.statuses.includes('down'), { what: 'the tail to say down' });
    await startNatsServer({ port });
    await until(() => bus.connected, { what: 'the connection' });
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 2);
    await until(() => tail.records.length === 2, { what: 'the records' });
    expect(statuses).toEqual(['connected']);
  });

  it('goes on after a crash of the server: appends, tails and beacons', async () => {
    const server = await startNatsServer();
    const bus = await open(server);
    const statuses: BusStatus['kind'][] = [];
    bus.onStatus(({ kind }) => statuses.push(kind));
    await bus.ensureLogStream(1, MAX_BYTES);
    await appendAll(bus, 1, 10);
    const tail = follow(bus, 1, 1);
    let beacons = 0;
    bus.onHead(() => {
      beacons += 1;
    });
    await until(() => tail.records.length === 10, { what: 'the first records' });
    await server.stop('SIGKILL');
    await until(() => !bus.connected, { what: 'the loss of the connection' });
    expect(await bus.append(1, bytes('r11'), 10)).toMatchObject({ kind: 'unknown' });
    await until(() => tail.statuses.at(-1) === 'down', { what: 'the tail to say down' });
    await server.restart();
    await until(() => bus.connected, { what: 'the connection' });
    await until(async () => (await bus.append(1, bytes('r11'), 10)).kind === 'ok', {
      what: 'an append to succeed',
    });
    await appendAll(bus, 12, 20);
    await until(() => tail.records.length === 20, { what: 'the records after the restart' });
    expect(tail.records.map(([seq]) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await until(
      () => {
        bus.publishHead(bytes('x'));
        return beacons > 0;
      },
      { what: 'a beacon after the restart' },
    );
    expect(statuses).toEqual(['disconnected', 'reconnected']);
    expect(tail.statuses).toEqual(['live', 'down', 'live']);
  });

  it('closes while it is still trying', async () => {
    const silent = createServer();
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as { port: number };
    const bus = await connectBus({
      url: `127.0.0.1:${port}`,
      prefix: 'x',
      name: 'test',
      logger: unreadLogger,
      timeoutMs: 50,
    });
    const tail = follow(bus, 1, 1);
    await bus.close();
    expect(bus.connected).toBe(false);
    await tail.close();
    silent.close();
  });
});
