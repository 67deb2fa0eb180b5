import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { hold } from '../../../../test/support/resources.ts';
import { until } from '../../../../test/support/until.ts';
import { connectNats } from './nats-transport.ts';

const INFO = { server_id: 'S', version: '2.11.0', proto: 1, max_payload: 1_000_000, headers: true };

const uncaught = vi.fn();
process.on('uncaughtException', uncaught);
afterEach(() => process.off('uncaughtException', uncaught));

/** The socket of the next connection that this process opens. */
function nextSocket(): Promise<Socket> {
  return new Promise((resolve) => {
    const heard = (message: unknown): void => {
      unsubscribe('net.client.socket', heard);
      resolve((message as { socket: Socket }).socket);
    };
    subscribe('net.client.socket', heard);
  });
}

it('an error of a socket that was given up does not end the process', async () => {
  const served: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on('error', () => undefined).on('data', () => socket.write('PONG\r\n'));
    socket.write(`INFO ${JSON.stringify(INFO)}\r\n`);
  }).listen(0, '127.0.0.1');
  hold({ what: 'server', release: () => void server.close(), releaseNow: () => undefined });
  await once(server, 'listening');
  const opened = nextSocket();
  const nc = await connectNats({ port: (server.address() as AddressInfo).port, reconnect: false });
  const socket = await opened;
  // The server ends; nats.js ends too. Before that is carried out somebody still sends, and gives the connection up.
  const end = socket.end.bind(socket);
  socket.end = ((...words: []) => {
    end(...words);
    nc.publish('a.subject');
    queueMicrotask(() => {
      expect(socket.listenerCount('close')).toBeGreaterThan(0);
      void nc.close();
    });
    return socket;
  }) as Socket['end'];
  served[0]?.end();
  await until(() => socket.closed, { what: 'the end of the connection' });
  await new Promise(setImmediate);
  expect(socket.errored).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  expect(uncaught).not.toHaveBeenCalled();
});
