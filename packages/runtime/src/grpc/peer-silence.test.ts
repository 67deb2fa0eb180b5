import { once } from 'node:events';
import { connect } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { until } from '../../../../test/support/until.ts';
import { TestTls } from '../tls/tls.fixture.ts';
import { chat, echo, opened, type Running, start } from './echo-host.fixture.ts';

const SILENCE_MS = 400;
/** An answered ping of HTTP/2: a frame's header and its 8 bytes. */
const PONG_BYTES = 17;
/** What a client begins with, with settings that set nothing; and a ping of its own: length, type, flags, stream, payload. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const PING = Buffer.from('\0\0\x08\x06\0\0\0\0\0flagfree', 'latin1');

interface Connected extends Running {
  readonly proxy: TcpProxy;
}

/** A host, and a client with an open stream, with a proxy in between. */
async function connected(
  peerStreams: readonly string[],
  tls?: TestTls,
  silence: Partial<Record<'silenceMs' | 'peerSilenceMs', number>> = { peerSilenceMs: SILENCE_MS },
): Promise<Connected> {
  const running = await start([{ ...echo, peerStreams }], { ...silence, tls: tls?.listener });
  const proxy = await TcpProxy.start(running.port);
  opened.push(() => proxy.close());
  const client = tls?.client(proxy.port) ?? new grpc.Client(proxy.address, grpc.credentials.createInsecure());
  opened.push(() => client.close());
  const stream = chat(client);
  stream.on('error', () => undefined);
  stream.write({ text: 'open' });
  await once(stream, 'data');
  return { ...running, proxy };
}

const openStreams = async ({ metrics }: Running): Promise<string | undefined> =>
  /flagstream_grpc_open_streams (\d+)/.exec(await metrics.text())?.[1];

/** Until the client has answered so many more pings. */
async function pongs({ proxy }: Connected, count: number): Promise<void> {
  const enough = proxy.traffic.up + count * PONG_BYTES;
  await until(() => proxy.traffic.up >= enough, { what: `${count} answered pings` });
}

const cuts = ({ logs }: Running): readonly unknown[] =>
  logs.filter(({ msg }) => msg === 'a connection was cut: nothing came from its peer any more');

describe('a peer that is gone without a word', () => {
  it.each([
    ['plaintext', () => undefined],
    ['TLS', () => new TestTls()],
  ])('has its stream ended, over %s', async (_, tls) => {
    const connection = await connected(['chat'], tls());
    expect(await openStreams(connection)).toBe('1');
    connection.proxy.set({ kind: 'drop', direction: 'both' });
    await until(async () => (await openStreams(connection)) === '0', { what: 'the end of the stream' });
    expect(cuts(connection)).toMatchObject([{ silent_ms: SILENCE_MS, level: 'warn' }]);
  });

  it('is told from one that has nothing to say, and from a pause of the host', async () => {
    const connection = await connected(['chat']);
    await pongs(connection, 5);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SILENCE_MS);
    await pongs(connection, 5);
    expect(await openStreams(connection)).toBe('1');
    expect(cuts(connection)).toEqual([]);
  });

  it.each([
    ['plaintext', () => undefined],
    ['TLS', () => new TestTls()],
  ])('is noticed by the silence of its connection where no stream is watched, over %s', async (_, tls) => {
    const connection = await connected([], tls(), { silenceMs: SILENCE_MS });
    connection.proxy.set({ kind: 'drop', direction: 'both' });
    await until(async () => (await openStreams(connection)) === '0', { what: 'the end of the stream' });
    expect(await connection.metrics.text()).toContain('flagstream_silent_connections_total 1\n');
  });

  it('is told from one that answers no ping yet, as it still reads what came before', async () => {
    const running = await start([echo], { silenceMs: SILENCE_MS });
    const socket = connect(running.port, '127.0.0.1');
    opened.push(() => socket.destroy());
    socket.resume().write(PREFACE);
    let pingsSent = 0;
    const talk = setInterval(() => {
      pingsSent += 1;
      socket.write(PING);
    }, SILENCE_MS / 20);
    opened.push(() => clearInterval(talk));
    await until(() => pingsSent > 60, { what: 'three times the silence that is borne' });
    expect(socket.closed).toBe(false);
    clearInterval(talk);
    await until(() => socket.closed, { what: 'the end of the connection' });
  });

  it('is given longer on connections without such a stream', async () => {
    const connection = await connected([]);
    const watched = await connected(['chat']);
    for (const { proxy } of [connection, watched]) proxy.set({ kind: 'drop', direction: 'both' });
    await until(async () => (await openStreams(watched)) === '0', { what: 'the end of the watched stream' });
    expect(await openStreams(connection)).toBe('1');
  });

  it('needs a stream that exists', async () => {
    await expect(start([{ ...echo, peerStreams: ['shout'] }])).rejects.toThrow('peerStreams names "shout"');
  });
});
