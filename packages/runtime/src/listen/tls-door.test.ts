import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { until } from '../../../../test/support/until.ts';
import {
  chat,
  echo,
  failure,
  opened,
  type Running,
  say,
  start,
  type Text,
} from '../grpc/echo-host.fixture.ts';
import type { GrpcHostOptions } from '../grpc/grpc-host.ts';
import { TestTls } from '../tls/tls.fixture.ts';

const startTls = (tls: TestTls, options: Partial<GrpcHostOptions> = {}): Promise<Running> =>
  start([echo], { tls: tls.listener, ...options });

/** Name of the certificate that a new connection is shown. */
async function shownName(tls: TestTls, port: number): Promise<string> {
  const socket = connectTls({ port, host: 'localhost', ca: tls.authority.cert, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

const failures = (tls: TestTls, reason: string): Promise<number> =>
  tls.metric(`tls_handshake_failures_total{listener="grpc",reason="${reason}"}`);

/** Until the peer ends it. */
async function closed(socket: TLSSocket | ReturnType<typeof connect>): Promise<void> {
  socket.on('error', () => undefined).resume();
  // Not once(): an error, which is what is expected, would reject it.
  await new Promise<void>((resolve) => (socket.closed ? resolve() : socket.on('close', () => resolve())));
}

describe('the front door with TLS', () => {
  it('serves gRPC and HTTP/1.1 on the same port, by TLS 1.3', async () => {
    const tls = new TestTls();
    const { port } = await startTls(tls, { http: (_, response) => response.end('over https') });
    expect(await say(tls.client(port), 'hello')).toEqual({ text: 'hello' });
    const text = await new Promise<string>((resolve, reject) => {
      get({ port, host: 'localhost', ca: tls.authority.cert, agent: false }, (response) => {
        expect((response.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
        response.setEncoding('utf8').once('data', resolve);
      }).on('error', reject);
    });
    expect(text).toBe('over https');
  });

  it('takes a crowd that comes at once', async () => {
    const tls = new TestTls();
    const { port } = await startTls(tls);
    const settings = { port, host: 'localhost', ca: tls.authority.cert, ALPNProtocols: ['h2'] };
    const sockets = Array.from({ length: 150 }, () => connectTls(settings));
    await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
    for (const socket of sockets) socket.destroy();
    expect(await say(tls.client(port), 'hello')).toEqual({ text: 'hello' });
  });

  it('takes TLS 1.2, and nothing older', async () => {
    const tls = new TestTls();
    const { port } = await startTls(tls);
    const settings = { port, host: 'localhost', ca: tls.authority.cert, ALPNProtocols: ['h2'] };
    const socket = connectTls({ ...settings, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(['TLSv1.2', 'h2']);
    socket.destroy();
    // Security level 0 makes OpenSSL offer what it would not offer by itself.
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await closed(connectTls({ ...settings, ...old }));
    expect(await failures(tls, 'protocol')).toBe(1);
  });

  it.each([
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n'],
    ['noise', '\u0000\u0001'],
  ])('refuses %s without it', async (_, bytes) => {
    const tls = new TestTls();
    const { port } = await startTls(tls);
    const socket = connect(port, '127.0.0.1');
    const heard: Buffer[] = [];
    socket.on('data', (data) => heard.push(data));
    socket.write(bytes);
    await closed(socket);
    expect(heard).toEqual([]);
    expect(await failures(tls, 'plaintext')).toBe(1);
    expect(await say(tls.client(port), 'alive')).toEqual({ text: 'alive' });
  });

  it('bounds handshakes, and what comes after them, in time, and counts them as connections', async () => {
    const tls = new TestTls();
    const { port, metrics } = await startTls(tls, { sniffTimeoutMs: 200, tlsHandshakeTimeoutMs: 200 });
    const halfway = connect(port, '127.0.0.1');
    halfway.write(Buffer.from([0x16, 0x03, 0x01]));
    const connections = async () => /flagstream_grpc_connections (\d+)/.exec(await metrics.text())?.[1];
    await until(async () => (await connections()) === '1', { what: 'the connection to be counted' });
    await closed(halfway);
    expect(await failures(tls, 'timeout')).toBe(1);
    const silent = connectTls({ port, host: 'localhost', ca: tls.authority.cert, ALPNProtocols: ['h2'] });
    await once(silent, 'secureConnect');
    await closed(silent);
    await until(async () => (await connections()) === '0', { what: 'all connections to be gone' });
  });

  it('says to whom speaks TLS without it that there is none', async () => {
    const { port, logs } = await start();
    await closed(connectTls({ port, host: 'localhost' }));
    expect(logs.find(({ msg }) => String(msg).includes('tls.certFile is not set'))).toMatchObject({
      level: 'warn',
    });
  });
});

describe('mutual TLS at the front door', () => {
  it('takes clients of the authority alone', async () => {
    const tls = new TestTls({ mutual: true });
    const { port } = await startTls(tls);
    expect(await say(tls.client(port, tls.authority.issue('a client')), 'hello')).toEqual({ text: 'hello' });

    const nobody = await failure(say(tls.client(port), 'hello'));
    expect(nobody.code).toBe(grpc.status.UNAVAILABLE);
    await until(async () => (await failures(tls, 'client_certificate')) >= 1, { what: 'the first refusal' });
    const before = await failures(tls, 'client_certificate');

    const stranger = new TestAuthority('a stranger').issue('a client');
    const foreign = await failure(say(tls.client(port, stranger), 'hello'));
    expect(foreign.code).toBe(grpc.status.UNAVAILABLE);
    await until(async () => (await failures(tls, 'client_certificate')) > before, {
      what: 'the second refusal',
    });
  });

  it('does not resume a session that was made with an authority that is gone', async () => {
    const tls = new TestTls({ mutual: true });
    const { port } = await startTls(tls);
    const own = tls.authority.issue('a client');
    const settings = { port, host: 'localhost', ca: tls.authority.cert, ALPNProtocols: ['http/1.1'], ...own };
    const first = connectTls({ ...settings, maxVersion: 'TLSv1.2' });
    const [session] = (await once(first, 'session')) as [Buffer];
    first.destroy();
    new TestAuthority('another').writeTo(tls.folder);
    tls.identity.reload('change');
    const second = connectTls({ ...settings, maxVersion: 'TLSv1.2', session });
    await closed(second);
    expect(await failures(tls, 'client_certificate')).toBe(1);
  });
});

describe('a certificate that is renewed', () => {
  it('is shown to new connections, while open streams go on', async () => {
    const tls = new TestTls();
    const { port } = await startTls(tls);
    const stream = chat(tls.client(port));
    opened.push(() => stream.cancel());
    stream.on('error', () => undefined);
    const heard: Text[] = [];
    stream.on('data', (message: Text) => heard.push(message));
    stream.write({ text: 'before' });
    await until(() => heard.length === 1, { what: 'the first message' });
    expect(await shownName(tls, port)).toBe('first');

    tls.renew('second');
    tls.identity.reload('change');
    expect(await shownName(tls, port)).toBe('second');
    stream.write({ text: 'after' });
    await until(() => heard.length === 2, { what: 'the second message' });

    tls.breakKey();
    tls.identity.reload('change');
    expect(await shownName(tls, port)).toBe('second');
    expect(await say(tls.client(port), 'new')).toEqual({ text: 'new' });
    stream.write({ text: 'still' });
    await until(() => heard.length === 3, { what: 'the third message' });
    expect(await tls.metric('tls_reloads_total')).toBe(1);
    expect(await tls.metric('tls_reload_failures_total')).toBe(1);
  });
});
