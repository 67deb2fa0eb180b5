import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpTimeouts, injectedHttpServer } from './injected-http-server.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const served: RequestListener = (_, response) => response.end('served');

async function start(timeouts: HttpTimeouts, answer: RequestListener = served): Promise<Socket> {
  const http = injectedHttpServer(answer, timeouts);
  const listener: Server = createServer((socket) => http.emit('connection', socket));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  opened.push(
    () => socket.destroy(),
    () => listener.close(),
    () => http.close(),
  );
  return socket;
}

async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(socket, 'close');
  return text;
}

describe('injectedHttpServer', () => {
  const patient = { headersMs: 60_000, requestMs: 60_000, checkMs: 10 };

  it('serves a connection that it was handed', async () => {
    const socket = await start(patient);
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 200 OK.*served/s);
  });

  it('cuts a client whose headers do not end', async () => {
    const socket = await start({ ...patient, headersMs: 20 });
    socket.write('GET / HTTP/1.1\r\nx: ');
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('closes a connection on which nothing moves for idleMs, between requests and within an answer', async () => {
    const idle = await start({ ...patient, idleMs: 30 });
    idle.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await everything(idle)).toMatch(/^HTTP\/1\.1 200 OK.*served/s);
    const unanswered = await start({ ...patient, idleMs: 30 }, () => undefined);
    unanswered.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await everything(unanswered)).toBe('');
  });

  it('refuses headers that are too large', async () => {
    const socket = await start(patient);
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await everything(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });
});
