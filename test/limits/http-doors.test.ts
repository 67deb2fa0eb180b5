// What HTTP itself bounds at each door: headers, streams of one connection, and what is kept for a peer that does not
// read or is gone. Written by hand, as no client of ours would do any of it.

import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { LIMITS } from '@flagstream/protocol';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { framed, GrpcWire } from '../fuzz/grpc-wire.ts';
import { exchange } from '../fuzz/raw-connection.ts';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';

const HEALTH = '/grpc.health.v1.Health/Check';
/** What Node's HTTP/2 takes of headers, which grpc-js gives no way to change. */
const HTTP2_HEADER_BYTES = 65_535;
/** The second management port is the evaluator's. */
const DOORS = {
  'admin port': 0,
  'admin management': 1,
  'evaluator port': 3,
  'evaluator management': 4,
  'evaluator OFREP': 6,
} as const;
const GRPC_DOORS = ['admin port', 'evaluator port'] as const;

describe('a door', () => {
  let dev: DevInstance;
  const closers: (() => void)[] = [];
  const portOf = (door: keyof typeof DOORS): number => dev.portBase + DOORS[door];
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
  });
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  test.each(Object.keys(DOORS) as (keyof typeof DOORS)[])(
    'takes HTTP/1.1 headers of httpHeaderBytesMax: %s',
    async (door) => {
      const request = (bytes: number): Buffer => {
        const start = 'GET /healthz HTTP/1.1\r\nhost: x\r\nx: ';
        return Buffer.from(`${start}${'y'.repeat(bytes - start.length - 4)}\r\n\r\n`);
      };
      const ask = async (bytes: number): Promise<string> => {
        const { received } = await exchange(portOf(door), { portions: [request(bytes)], holdMs: 5_000 });
        return received.subarray(9, 12).toString();
      };
      // Node counts names and values, not the request line and what stands between them.
      expect(['200', '404']).toContain(await ask(LIMITS.httpHeaderBytesMax - 50));
      expect(await ask(LIMITS.httpHeaderBytesMax + 50)).toBe('431');
    },
  );

  test.each(GRPC_DOORS)(
    'refuses a call with more headers than HTTP/2 takes, and lives on: %s',
    async (door) => {
      const wire = new GrpcWire(portOf(door));
      closers.push(() => wire.close());
      const ask = (bytes: number): ReturnType<GrpcWire['call']> =>
        wire.call({ path: HEALTH, headers: { x: 'y'.repeat(bytes) }, portions: [framed(new Uint8Array())] });
      expect(await ask(HTTP2_HEADER_BYTES / 2)).toMatchObject({ end: 'answered', grpcStatus: 0 });
      expect((await ask(HTTP2_HEADER_BYTES + 1)).end).toBe('reset');
      const other = new GrpcWire(portOf(door));
      closers.push(() => other.close());
      const request = { path: HEALTH, portions: [framed(new Uint8Array())] };
      expect(await other.call(request)).toMatchObject({ end: 'answered', grpcStatus: 0 });
    },
  );

  test('has concurrentStreamsMax streams on one connection: one more waits until one of them ends', async () => {
    const open = (): Promise<number> =>
      scrape(portOf('evaluator management'), 'flagstream_grpc_open_streams');
    const before = await open();
    const session = connect(`http://127.0.0.1:${portOf('evaluator port')}`);
    closers.push(() => session.destroy());
    session.on('error', () => undefined);
    const request = (path: string): ClientHttp2Stream => {
      const headers = {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      };
      const stream = session.request(headers, { endStream: false });
      stream.on('error', () => undefined).resume();
      return stream;
    };
    await once(session, 'remoteSettings');
    // Room for longer streams is made as they come; unary calls would find no more.
    expect(session.remoteSettings.maxConcurrentStreams).toBe(LIMITS.callsAtOnceMax);
    const streams = Array.from({ length: LIMITS.concurrentStreamsMax }, () => {
      const stream = request('/flagstream.v1.EvaluationService/Watch');
      stream.end(framed(new Uint8Array()));
      return stream;
    });
    await until(async () => (await open()) === before + streams.length, { what: 'as many open streams' });
    expect(session.remoteSettings.maxConcurrentStreams).toBe(LIMITS.concurrentStreamsMax);
    const more = request(HEALTH);
    let answered = false;
    more.once('response', () => {
      answered = true;
    });
    more.end(framed(new Uint8Array()));
    expect(await open()).toBe(before + streams.length);
    expect(answered).toBe(false);
    streams[0]!.close(constants.NGHTTP2_CANCEL);
    await until(() => answered, { what: 'an answer in the place of the stream that ended' });
  });

  test('keeps nothing of streams whose peer is gone, whether or not it read anything', async () => {
    const port = portOf('evaluator port');
    const open = (): Promise<number> =>
      scrape(portOf('evaluator management'), 'flagstream_grpc_open_streams');
    await until(async () => (await open()) === 0, { what: 'the end of what other tests opened' });
    const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`, {
      settings: { initialWindowSize: 0 },
    });
    session.on('error', () => undefined);
    for (let index = 0; index < 100; index++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/flagstream.v1.EvaluationService/Watch',
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': '1H',
      });
      // Its window is shut: what is written for it waits in the process.
      stream.on('error', () => undefined).end(framed(new Uint8Array()));
    }
    await until(async () => (await open()) === 100, { what: '100 open streams' });
    session.destroy();
    await until(async () => (await open()) === 0, { what: 'no stream of a peer that is gone' });
  });
});
