// The launcher itself: everything that runs on NATS leans on it.

import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { startNatsServer } from './nats-server.ts';
import { requiresNats, skipReason } from './requires-nats.ts';

requiresNats('2.9.0', { ownServer: true }).describe('a nats-server of our own', () => {
  test('keeps its port and its stored messages over a crash and a restart', async () => {
    const server = await startNatsServer();
    const firstPid = server.pid;
    const before = await connect({ servers: server.url, reconnect: false });
    const manager = await before.jetstreamManager();
    await manager.streams.add({ name: server.prefix, subjects: [`${server.prefix}.>`] });
    await before.jetstream().publish(`${server.prefix}.a`, new Uint8Array([1]));
    await server.stop('SIGKILL');
    await before.closed();
    expect(server.pid).toBeUndefined();

    await server.restart();
    expect(server.pid).not.toBe(firstPid);
    const after = await connect({ servers: server.url, reconnect: false });
    const stream = await (await after.jetstreamManager()).streams.info(server.prefix);
    expect(stream.state.messages).toBe(1);
    expect(after.info?.version).toBe(server.version);
    await after.close();
  });

  test('says what the server printed when it cannot start', async () => {
    const server = await startNatsServer();
    await expect(startNatsServer({ port: server.port })).rejects.toThrow(/address already in use/);
  });
});

describe('a test that needs a nats-server', () => {
  const current = { skipAll: false, version: '2.10.3', given: false };

  test.each([
    ['2.10.0', {}, current, undefined],
    ['2.9.10', {}, current, undefined],
    ['2.10.4', {}, current, 'nats-server 2.10.4, this is 2.10.3'],
    ['2.10.0', {}, { ...current, version: '2.9.10' }, 'nats-server 2.10.0, this is 2.9.10'],
    ['2.9.0', { ownServer: true }, { ...current, given: true }, 'a server of its own, and NATS_URL is set'],
    ['2.9.0', { ownServer: true }, current, undefined],
    ['2.9.0', {}, { ...current, skipAll: true }, 'a nats-server, and FLAGSTREAM_SKIP_NATS=1'],
  ])('of %s with %j, where there is %j: skipped for %j', (minimum, needs, available, reason) => {
    expect(skipReason(minimum, needs, available)).toBe(reason);
  });
});
