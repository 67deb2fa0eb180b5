import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { until } from '../../../../test/support/until.ts';
import { type HttpTimeouts, injectedHttpServer } from './injected-http-server.ts';
import { everything, rawConnection, words } from './raw-connection.fixture.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** More than a connection on loopback holds. */
const LONG_ANSWER = 40_000_000;

const served: RequestListener = (_, response) => response.end('served');

const start = (timeouts: HttpTimeouts, answer: RequestListener = served): Promise<Socket> =>
  rawConnection(answer, timeouts);

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

  it('reads on within TLS while a long answer is still to be taken', async () => {
    let asked = 0;
    let isWaiting = false;
    const http = injectedHttpServer(
      (request, response) => {
        asked += 1;
        if (asked === 1) response.end('x'.repeat(LONG_ANSWER));
        // Node reads on at once when something more is written.
        else request.resume().once('end', () => response.end('second'));
        isWaiting ||= request.socket.writableNeedDrain;
      },
      words,
      patient,
    );
    const authority = new TestAuthority();
    const listener = createTlsServer(authority.issue('localhost'), (socket) =>
      http.emit('connection', socket),
    );
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    opened.push(
      () => socket.destroy(),
      () => listener.close(),
      () => http.close(),
    );
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => isWaiting, { what: 'an answer that is not taken' });
    // Longer than a record of TLS: what is behind the first one is decrypted at once.
    const body = 'y'.repeat(100_000);
    const head = `POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body);
    expect((await everything(socket)).slice(-6)).toBe('second');
  });
});
