/** Connections over which nothing comes any more, without an error: noticed within 2.5 heartbeats, then replaced. */
import process from 'node:process';
import { LIMITS } from '@flagstream/protocol';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../../test/support/nats-server.ts';
import { requiresNats } from '../../../../test/support/requires-nats.ts';
import { type Fault, TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { until } from '../../../../test/support/until.ts';
import type { Bus, TailStatus } from './bus.ts';
import { connectBus } from './nats-bus.ts';

const MAX_BYTES = 67_108_864;
const HEARTBEAT_MS = 1_000;
/** The promise is the wait's deadline. */
const NOTICED = { what: 'the loss to be noticed', timeoutMs: LIMITS.heartbeatsMissedMax * HEARTBEAT_MS };

const buses: Bus[] = [];
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
});

interface Followed {
  readonly bus: Bus;
  readonly statuses: TailStatus['kind'][];
  readonly records: number[];
}

async function follow(url: string, prefix: string): Promise<Followed> {
  const bus = await connectBus({
    url,
    prefix,
    name: 'test',
    logger: unreadLogger,
    heartbeatMs: HEARTBEAT_MS,
  });
  buses.push(bus);
  await bus.ensureLogStream(1, MAX_BYTES);
  const statuses: TailStatus['kind'][] = [];
  const records: number[] = [];
  bus.tail(1, 1, { record: (seq) => records.push(seq), status: ({ kind }) => statuses.push(kind) });
  await until(() => statuses.at(-1) === 'live', { what: 'the tail to be live' });
  return { bus, statuses, records };
}

requiresNats().describe('a half-open connection to NATS', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await startNatsServer();
  });

  it('is noticed whichever direction is mute, and replaced', async () => {
    const faults: readonly Fault[] = [
      { kind: 'drop', direction: 'down' },
      { kind: 'drop', direction: 'up' },
      { kind: 'half-open' },
    ];
    await Promise.all(
      faults.map(async (fault, index) => {
        const proxy = await TcpProxy.start(server.port);
        const { bus, statuses, records } = await follow(
          `nats://${proxy.address}`,
          `${server.prefix}-${index}`,
        );
        proxy.set(fault);
        await until(() => !bus.connected && statuses.at(-1) === 'down', NOTICED);
        proxy.heal();
        await until(() => bus.connected && statuses.at(-1) === 'live', { what: 'the next connection' });
        expect(await bus.append(1, Uint8Array.of(1), 0)).toEqual({ kind: 'ok', seq: 1 });
        await until(() => records.length === 1, { what: 'the record' });
        expect(statuses).toEqual(['live', 'down', 'live']);
      }),
    );
  });
});

requiresNats('2.9.0', { ownServer: true }).describe('a server that is paused', () => {
  it('is noticed also while much is waiting to be sent', async () => {
    const server = await startNatsServer();
    const { bus, statuses, records } = await follow(server.url, server.prefix);
    process.kill(server.pid!, 'SIGSTOP');
    // More than the sockets' buffers hold: what is sent last is never taken.
    const large = new Uint8Array(LIMITS.recordBytesMax);
    const appends = Array.from({ length: 48 }, (_, last) => bus.append(1, large, last));
    await until(() => !bus.connected && statuses.at(-1) === 'down', NOTICED);
    for (const outcome of await Promise.all(appends)) expect(outcome.kind).toBe('unknown');
    process.kill(server.pid!, 'SIGCONT');
    await until(() => bus.connected && statuses.at(-1) === 'live', { what: 'the next connection' });
    // What the server took before it was paused may be there; the next append finds the end.
    const probe = await bus.append(1, large, 1_000_000);
    const end = probe.kind === 'conflict' ? probe.lastSeq : -1;
    expect(await bus.append(1, Uint8Array.of(1), end)).toEqual({ kind: 'ok', seq: end + 1 });
    await until(() => records.at(-1) === end + 1, { what: 'the record' });
  });
});
