/** Servers that accept connections and say nothing. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { until } from '../../../../test/support/until.ts';
import { connectBus } from './nats-bus.ts';
import { awaitGreeting } from './nats-greeting.ts';

let server: Server;
let address: string;
let accepted: number;
const open = new Set<Socket>();

beforeEach(async () => {
  accepted = 0;
  server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  for (const socket of open) socket.destroy();
  server.close();
});

it('leave no connection open, however often they are tried', async () => {
  const bus = await connectBus({
    url: `nats://${address}`,
    prefix: 'p',
    name: 'test',
    logger: unreadLogger,
    timeoutMs: 50,
  });
  await until(() => accepted >= 3, { what: 'three attempts' });
  expect(open.size).toBeLessThanOrEqual(1);
  await bus.close();
  await until(() => open.size === 0, { what: 'the last connection to be closed' });
});

it('are told from those that greet, refuse or hang up', async () => {
  await expect(awaitGreeting(address, 20)).rejects.toThrow('says nothing');
  server.on('connection', (socket) => socket.write('INFO {}\r\n'));
  await expect(awaitGreeting(`nats://user:secret@${address}`, 5_000)).resolves.toBeUndefined();
  server.removeAllListeners('connection').on('connection', (socket) => socket.end());
  await expect(awaitGreeting(address, 5_000)).rejects.toThrow('closed the connection');
  server.close();
  await expect(awaitGreeting(address, 5_000)).rejects.toThrow('ECONNREFUSED');
});
