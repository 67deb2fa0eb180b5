// The proxy itself: every network fault of the other tests is made by it.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { hold } from './resources.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

/** One end of a connection, with what it has heard. */
interface End {
  readonly socket: Socket;
  heard: string;
  ended: boolean;
  error: string | undefined;
}

function watch(socket: Socket): End {
  const end: End = { socket, heard: '', ended: false, error: undefined };
  socket.on('data', (bytes: Buffer) => {
    end.heard += bytes.toString();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end.error = error.code;
  });
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      end.ended = true;
    });
  return end;
}

/** A server that keeps its connections, and the proxy before it. */
async function start(): Promise<{ proxy: TcpProxy; served: End[]; open(): Promise<[End, End]> }> {
  const served: End[] = [];
  const server = createServer((socket) => void served.push(watch(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  hold({ what: 'server', release: () => void server.close(), releaseNow: () => undefined });
  const proxy = await TcpProxy.start((server.address() as AddressInfo).port);
  const open = async (): Promise<[End, End]> => {
    const before = served.length;
    const client = watch(connect({ host: '127.0.0.1', port: proxy.port }));
    hold({ what: 'client', release: () => void client.socket.destroy(), releaseNow: () => undefined });
    return [client, await until(() => served[before], { what: 'the connection at the server' })];
  };
  return { proxy, served, open };
}

const says = (end: End, text: string): Promise<true> =>
  until(() => end.heard === text, { what: `to hear "${text}", not "${end.heard}"` }) as Promise<true>;

test('passes bytes and ends on, and counts them', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  client.socket.write('question');
  await says(server, 'question');
  server.socket.write('answer');
  await says(client, 'answer');
  client.socket.end();
  await until(() => server.ended && client.ended && proxy.traffic.open === 0, { what: 'the end' });
  expect(proxy.traffic).toEqual({ accepted: 1, open: 0, up: 8, down: 6, dropped: 0, held: 0 });
});

test('carries more than it may keep', async () => {
  const { open } = await start();
  const [client, server] = await open();
  const length = 32 * 1_048_576;
  client.socket.write(Buffer.alloc(length, 'x'));
  await until(() => server.heard.length === length, { what: 'everything' });
});

test('cut: both ends are told, and whoever comes until it heals', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'cut' });
  await until(() => client.ended && server.ended, { what: 'both ends closed' });
  const late = watch(connect({ host: '127.0.0.1', port: proxy.port }));
  await until(() => late.ended, { what: 'the late one closed' });
  proxy.heal();
  const [again, serverAgain] = await open();
  again.socket.write('hello');
  await says(serverAgain, 'hello');
});

test.each(['up', 'down'] as const)('drop %s: that direction is lost, the other one passes', async (way) => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  const [from, to] = way === 'up' ? [client, server] : [server, client];
  proxy.set({ kind: 'drop', direction: way });
  from.socket.write('lost');
  to.socket.write('passes');
  await says(from, 'passes');
  await until(() => proxy.traffic.dropped === 4, { what: 'the loss' });
  from.socket.end();
  await until(() => proxy.traffic.open === 1 && from.socket.writableFinished, {
    what: 'an end that is not told',
  });
  expect(to).toMatchObject({ heard: '', ended: false });
  proxy.heal();
  await until(() => to.ended, { what: 'the connection that has lost bytes reset' });
  expect(to).toMatchObject({ heard: '', error: 'ECONNRESET' });
});

test('half-open: the server is gone and the client is not told', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'half-open' });
  await until(() => server.ended, { what: 'the server closed' });
  client.socket.write('anybody?');
  await until(() => proxy.traffic.dropped === 8, { what: 'the loss' });
  expect(client.ended).toBe(false);
  proxy.heal();
  await until(() => client.ended, { what: 'the client reset' });
});

test('hold of the open connections: later ones pass; what was held arrives after its sender has gone', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'hold', direction: 'up' }, 'open');
  client.socket.write('late');
  await until(() => proxy.traffic.held === 4, { what: 'held bytes' });
  client.socket.resetAndDestroy();
  const [second, secondServer] = await open();
  second.socket.write('first');
  await says(secondServer, 'first');
  expect(server.heard).toBe('');
  proxy.heal();
  await says(server, 'late');
  await until(() => server.ended, { what: 'its end' });
});

test('delay: bytes arrive in order, and no earlier', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'delay', delayMs: 200 });
  const sentMs = performance.now();
  for (const letter of 'abcdef') client.socket.write(letter);
  await says(server, 'abcdef');
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual(199);
});

test('slow: bytes arrive in order, at no higher rate', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'slow', bytesPerSecond: 10_000 });
  const sentMs = performance.now();
  const text = 'abcdefghij'.repeat(200);
  client.socket.write(text);
  await says(server, text);
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual(170);
});

test('limit: after so many bytes the connection is reset', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.set({ kind: 'limit', direction: 'down', bytes: 5 });
  server.socket.write('123');
  await says(client, '123');
  server.socket.write('4567');
  await until(() => client.ended && server.ended, { what: 'the reset' });
  expect(client.heard.length).toBeLessThanOrEqual(5);
});

test('reset: open connections end with an error, later ones pass', async () => {
  const { proxy, open } = await start();
  const [client, server] = await open();
  proxy.reset();
  await until(() => client.error === 'ECONNRESET' && server.error === 'ECONNRESET', { what: 'two resets' });
  const [again, serverAgain] = await open();
  again.socket.write('hello');
  await says(serverAgain, 'hello');
});

test('a server that is not there: the client is told', async () => {
  const { proxy } = await start();
  const nowhere = await TcpProxy.start(1);
  const client = watch(connect({ host: '127.0.0.1', port: nowhere.port }));
  await until(() => client.ended, { what: 'the end' });
  expect(proxy.traffic.open).toBe(0);
});
