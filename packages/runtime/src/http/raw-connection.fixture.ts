/** Connections of HTTP/1.1 whose bytes a test writes itself. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type HttpTimeouts, injectedHttpServer } from './injected-http-server.ts';

/** What Node could not read is answered with this. */
export const words = (status: number, details: string): string => JSON.stringify({ status, details });

/** To a server of its own; both end with the test. */
export async function rawConnection(answer: RequestListener, timeouts: HttpTimeouts): Promise<Socket> {
  const http = injectedHttpServer(answer, words, timeouts);
  const listener = createServer((socket) => http.emit('connection', socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
    listener.close();
    http.close();
  });
  return socket;
}

/** All that comes until the connection ends. */
export async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(socket, 'close');
  return text;
}
