// The connector over real streams, its time moved by hand.

import { encodeDrain, fail } from '@flagstream/protocol';
import {
  ClientSet,
  type EntityId,
  formatPosition,
  type Position,
  type SyncClientSettings,
} from '@flagstream/replica';
import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { FixtureLog, SyncServerFixture } from '../../../../test/support/sync-server-fixture.ts';
import { until } from '../../../../test/support/until.ts';
import type { Scope } from '../state/scope.ts';
import { grpcDial } from './grpc-dial.ts';
import { SyncConnector, type SyncHost } from './sync-connector.ts';
import type { Dial } from './sync-stream.ts';

const settings: SyncClientSettings = {
  instanceId: 'test',
  sdk: { name: 'test', version: '0', language: 'javascript' },
  heartbeatMs: 0,
  frameBytesMax: 262_144,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 100,
  welcomeTimeoutMs: 10_000,
};

/** Takes everything, and writes down what it was told. */
class Recorder implements SyncHost {
  readonly told: string[] = [];
  #held = ClientSet.empty();
  refuse = false;

  held(): ClientSet {
    return this.#held;
  }

  apply(_scope: Scope, set: ClientSet, _touched: readonly EntityId[], withdrawn: Position | undefined): void {
    if (this.refuse) throw new Error('no room');
    this.#held = set;
    if (withdrawn !== undefined) this.told.push(`withdrawn ${formatPosition(withdrawn)}`);
    this.told.push(`apply ${set.position?.revision}`);
  }

  fresh(set: ClientSet): void {
    this.#held = set;
  }

  live(node: string): void {
    this.told.push(`live ${node}`);
  }

  down(reason: string): void {
    this.told.push(`down ${reason}`);
  }

  failed(error: Error): void {
    this.told.push(`failed ${error.message}`);
  }

  reconnecting(_endpoint: string, attempt: number, delayMs: number): void {
    this.told.push(`reconnecting ${attempt} ${delayMs}`);
  }

  seen(text: string): Promise<string> {
    return until(() => this.told.find((line) => line.startsWith(text)), { what: text });
  }
}

const opened = new Set<SyncConnector>();
afterEach(async () => {
  await Promise.all([...opened].map((connector) => connector.close('the test is over')));
  opened.clear();
});

function connect(
  targets: readonly string[],
  through: (dial: Dial) => Dial = (dial) => dial,
  random: () => number = () => 0,
): {
  host: Recorder;
  clock: ManualClock;
  connector: SyncConnector;
} {
  const clock = new ManualClock();
  const host = new Recorder();
  const scope = { project: 'default', environment: 'development' };
  const dial = through(grpcDial({ named: scope, apiKey: 'secret', tls: false }));
  const connector = new SyncConnector({ endpoints: targets, settings, dial, clock, random }, host);
  opened.add(connector);
  connector.start();
  return { host, clock, connector };
}

test('leaves a server that has been silent for two and a half heartbeats', async () => {
  const server = await SyncServerFixture.start({ heartbeatMs: 10_000 });
  const { host, clock } = connect([server.target]);
  await host.seen('live');
  clock.advance(24_999);
  expect(host.told).not.toContain('down the server is silent');
  clock.advance(1);
  expect(host.told).toContain('down the server is silent');
  clock.advance(200);
  await until(() => server.streams.length === 2, { what: 'the second stream' });
});

test('gives up on a server that never welcomes', async () => {
  const server = await SyncServerFixture.start();
  const { host, clock, connector } = connect([server.target]);
  clock.advance(10_000);
  expect(host.told).toContain('reconnecting 1 200');
  await connector.close('done');
  expect(clock.pendingMs).toEqual([]);
});

test('starts its delays over only once a stream has been live for a minute', async () => {
  const server = await SyncServerFixture.start({ heartbeatMs: 60_000 });
  const { host, clock } = connect([server.target]);
  await host.seen('live');
  clock.advance(59_000);
  server.breakStreams();
  await host.seen('reconnecting 1');
  clock.advance(200);
  await until(() => host.told.filter((line) => line.startsWith('live')).length === 2, { what: 'live again' });
  server.breakStreams();
  await host.seen('reconnecting 2');
  clock.advance(200);
  await until(() => host.told.filter((line) => line.startsWith('live')).length === 3, { what: 'live again' });
  host.told.length = 0;
  clock.advance(60_000);
  server.breakStreams();
  await host.seen('reconnecting 1');
});

test('tells the next server of the stream that was lost, until one has heard that it is followed', async () => {
  const server = await SyncServerFixture.start({ heartbeatMs: 60_000 });
  const { host, clock } = connect([server.target]);
  const welcomed = async (times: number): Promise<void> => {
    const live = (): number => host.told.filter((line) => line.startsWith('live')).length;
    await until(() => live() === times, { what: `live for the ${times}. time` });
  };
  const lost = { bootId: 'boot', sequence: 0 };
  await welcomed(1);
  server.breakStreams();
  await host.seen('reconnecting 1');
  clock.advance(200);
  await welcomed(2);
  expect(server.streams.map(({ hello }) => hello?.lostStreams)).toEqual([[], [lost]]);
  // Nothing was said to the second one: it speaks for nobody.
  server.breakStreams();
  await host.seen('reconnecting 2');
  clock.advance(200);
  await welcomed(3);
  expect(server.streams[2]?.hello?.lostStreams).toEqual([lost, lost]);
  server.log.putSwitch('a', true);
  await host.seen('apply 2');
  server.breakStreams();
  await host.seen('reconnecting 3');
  clock.advance(200);
  await welcomed(4);
  expect(server.streams[3]?.hello?.lostStreams).toEqual([lost]);
});

test('waits as long as the server asks, and sends its key', async () => {
  const server = await SyncServerFixture.start();
  server.refuseWith(() => fail('OVERLOADED', 'too many streams', { retryAfterMs: 7_000 }));
  const { host, clock } = connect([server.target]);
  await host.seen('reconnecting 1 7000');
  server.refuseWith(undefined);
  clock.advance(6_999);
  expect(server.streams).toHaveLength(0);
  clock.advance(1);
  await host.seen('live');
  expect(server.streams[0]?.metadata.get('authorization')).toBe('Bearer secret');
});

test('moves to another node when a live stream is lost, and carries its state over', async () => {
  const log = new FixtureLog();
  const first = await SyncServerFixture.start({ log, node: 'first' });
  const second = await SyncServerFixture.start({ log, node: 'second' });
  const { host, clock } = connect([first.target, second.target]);
  await host.seen('live first');
  log.putSwitch('a', true);
  await host.seen('apply 2');

  first.stop();
  await host.seen('reconnecting 1');
  log.putSwitch('a', false);
  clock.advance(200);
  await host.seen('live second');
  expect(second.streams[0]?.transfers).toEqual(['delta 2>3']);
});

test('of a node that is lost its clients come back spread as it has said', async () => {
  const server = await SyncServerFixture.start({ reconnectSpreadMs: 8_000 });
  const { host } = connect(
    [server.target],
    (dial) => dial,
    () => 0.5,
  );
  await host.seen('live');
  server.breakStreams();
  await host.seen('reconnecting 1 4000');
});

/** A client that is live on the first of two nodes and was asked to leave it within three seconds. */
async function startDrained(through?: (dial: Dial) => Dial) {
  const log = new FixtureLog();
  const first = await SyncServerFixture.start({ log, node: 'first' });
  const second = await SyncServerFixture.start({ log, node: 'second' });
  const { host, clock } = connect([first.target, second.target], through);
  await host.seen('live first');
  first.drain(3_000, 9_000);
  await host.seen('reconnecting 0 3000');
  return { log, first, second, host, clock };
}

test('on a drain connects within the window, and keeps the old stream until the new one is live', async () => {
  const { log, first, host, clock } = await startDrained();
  log.putSwitch('a', true);
  await host.seen('apply 2');
  clock.advance(3_000);
  await host.seen('live second');
  await until(() => first.streams[0]?.bye !== undefined, { what: 'the Bye' });
  expect(host.told.filter((line) => /^(down|failed)/.test(line))).toEqual([]);
});

test('a change that both streams bring while it moves is brought in force once', async () => {
  const { log, second, host, clock } = await startDrained();
  // The second stream begins at what is in force now, the first one is told at once.
  clock.advance(3_000);
  log.putSwitch('a', true);
  await host.seen('live second');
  expect(second.streams[0]?.transfers).toEqual(['delta 1>2']);
  expect(host.told.filter((line) => line.startsWith('apply 2'))).toEqual(['apply 2']);
});

/** As startDrained, with a second stream whose frames are held back until `letSend`. */
async function startHoldingSecond() {
  const held: (() => void)[] = [];
  let dialled = 0;
  const started = await startDrained((dial) => (endpoint, listener) => {
    const stream = dial(endpoint, listener);
    dialled += 1;
    if (dialled === 1) return stream;
    return { ...stream, send: (bytes) => void held.push(() => stream.send(bytes)) };
  });
  const letSend = (): void => {
    for (const send of held) send();
  };
  return { ...started, letSend };
}

test('a withdrawal that both streams tell of while it moves is told once', async () => {
  // The second stream says at once what it holds, and is heard only when the first one has brought the new epoch.
  const { log, first, second, host, clock, letSend } = await startHoldingSecond();
  clock.advance(3_000);
  log.epoch = 2;
  log.putSwitch('a', true);
  await host.seen('apply 2');
  first.breakStreams();
  await host.seen('down');
  log.putSwitch('a', false);
  letSend();
  await host.seen('apply 3');
  expect(second.streams[0]?.transfers).toEqual(['full >3']);
  expect(host.told.filter((line) => line.startsWith('withdrawn'))).toEqual(['withdrawn e1.1']);
});

test('a withdrawal is told of what is in force, where a ping of the old stream has moved it meanwhile', async () => {
  const { log, first, second, host, clock, letSend } = await startHoldingSecond();
  clock.advance(3_000);
  log.skip();
  first.ping();
  await until(() => host.held().position?.revision === 2, { what: 'the bookmark' });
  // The old node dies before the branch that counts reaches it.
  first.stop();
  await host.seen('down');
  log.epoch = 2;
  log.putSwitch('a', true);
  letSend();
  await host.seen('apply 3');
  expect(second.streams[0]?.transfers).toEqual(['full >3']);
  expect(host.told.filter((line) => line.startsWith('withdrawn'))).toEqual(['withdrawn e1.2']);
});

test('a drained stream that ends before its successor is live is no failure', async () => {
  const server = await SyncServerFixture.start();
  const { host, clock } = connect([server.target]);
  await host.seen('live');
  server.drain(1_000, 1_000);
  await host.seen('reconnecting 0 1000');
  server.breakStreams();
  await host.seen('down');
  clock.advance(1_000);
  await until(() => server.streams.length === 2, { what: 'the second stream' });
  expect(host.told.filter((line) => line.startsWith('failed'))).toEqual([]);
});

test('a server that drains before it has sent its first transfer is left once that is in force', async () => {
  const [first, second] = [
    await SyncServerFixture.start(),
    await SyncServerFixture.start({ node: 'second' }),
  ];
  const drain = encodeDrain({
    reason: 'shutdown',
    deadlineMs: 10_000,
    reconnectMinMs: 50,
    reconnectMaxMs: 50,
  });
  let dialled = 0;
  const { host, clock } = connect([first.target, second.target], (dial) => (endpoint, listener) => {
    dialled += 1;
    if (dialled > 1) return dial(endpoint, listener);
    let drained = false;
    return dial(endpoint, {
      ...listener,
      message: (bytes) => {
        listener.message(bytes);
        if (!drained) listener.message(drain);
        drained = true;
      },
    });
  });
  await host.seen('live');
  expect(host.told).toContain('reconnecting 0 50');
  clock.advance(50);
  await host.seen('live second');
  expect(host.told.filter((line) => /^(down|failed)/.test(line))).toEqual([]);
});

test('bytes that are no frame cost the stream, not the process', async () => {
  const server = await SyncServerFixture.start();
  const { host, clock } = connect([server.target]);
  await host.seen('live');
  server.sendRaw(Buffer.from([0x0a, 0xff, 0xff, 0xff]));
  await host.seen('failed the stream cannot go on');
  clock.advance(200);
  await until(() => server.streams.length === 2, { what: 'the second stream' });
});

test('a transfer that cannot be brought in force is refused and reported', async () => {
  const server = await SyncServerFixture.start();
  const { host } = connect([server.target]);
  await host.seen('live');
  host.refuse = true;
  server.log.putSwitch('a', true);
  await host.seen('failed a transfer was refused (apply): no room');
  await until(() => server.streams[0]?.refused.length === 1, { what: 'the Nack' });
  expect(server.streams[0]?.refused).toEqual(['apply']);
  expect(host.held().position?.revision).toBe(1);
});
