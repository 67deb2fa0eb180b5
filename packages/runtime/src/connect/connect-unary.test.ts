import { gzipSync } from 'node:zlib';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { fail } from '@flagstream/protocol';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { promised } from '../grpc/echo-host.fixture.ts';
import { ForeignStatus } from '../grpc/foreign-status.ts';
import { unary } from '../grpc/handler.ts';
import { type Principal, VERBS } from '../grpc/principal.ts';
import { Probe, type ProbeText, post, startProbe } from './connect.fixture.ts';

const SAY = '/test.Probe/Say';

const failing = (error: unknown) => ({
  say: unary(() => {
    throw error;
  }),
});

const keyed = (verbs: Principal['verbs'] = new Set(VERBS)) => ({
  authenticate: (metadata: Metadata): Principal => {
    const [key] = metadata.get('authorization');
    const known = key === 'Bearer k';
    return {
      kind: known ? 'server' : 'anonymous',
      id: known ? 'k' : 'anonymous',
      project: 'default',
      environment: 'development',
      verbs: known ? verbs : new Set(),
      grants: [],
    };
  },
});

async function failure(promise: Promise<unknown>): Promise<ConnectError> {
  return promise.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: unknown) => ConnectError.from(error),
  );
}

describe('a unary call by JSON', () => {
  it('is answered with every field, integers of 64 bits as text', async () => {
    const { port } = await startProbe();
    const response = await post(port, SAY, '{"text":"hi"}');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ text: 'hi', bigCount: '0', isOn: false });
  });

  it('takes names in either case, null for a message, and fields that nobody knows', async () => {
    const { port } = await startProbe();
    const answer = async (body: string) => (await post(port, SAY, body)).json();
    expect(await answer('{"big_count":"7","new":{},"context":null}')).toMatchObject({ bigCount: '7' });
    expect(await answer('{"bigCount":9007199254740993}')).toMatchObject({ bigCount: '9007199254740992' });
    expect(await answer('{"bigCount":"9007199254740993"}')).toMatchObject({ bigCount: '9007199254740993' });
  });

  it('counts like any other call', async () => {
    const { port, metrics } = await startProbe();
    await post(port, SAY, '{}');
    await post(port, SAY, 'no JSON');
    const page = await metrics.text();
    const labels = 'grpc_type="unary",grpc_service="test.Probe",grpc_method="Say"';
    expect(page).toContain(`grpc_server_started_total{${labels}} 2`);
    expect(page).toContain(`grpc_server_handled_total{${labels},grpc_code="OK"} 1`);
    expect(page).toContain(`grpc_server_handled_total{${labels},grpc_code="InvalidArgument"} 1`);
  });

  it('says what is wrong with a body that is not JSON', async () => {
    const { port } = await startProbe();
    const response = await post(port, SAY, '{"text":');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_argument' });
  });

  it('is answered to a GET where it changes nothing', async () => {
    const { port } = await startProbe();
    const message = encodeURIComponent('{"text":"hi"}');
    const response = await fetch(`http://127.0.0.1:${port}${SAY}?encoding=json&message=${message}`);
    expect(await response.json()).toMatchObject({ text: 'hi' });
    const packed = gzipSync('{"text":"packed"}').toString('base64url');
    const unpacked = await fetch(
      `http://127.0.0.1:${port}${SAY}?encoding=json&message=${packed}&base64=1&compression=gzip`,
    );
    expect(await unpacked.json()).toMatchObject({ text: 'packed' });
  });

  it('names the methods and types that are taken', async () => {
    const { port } = await startProbe();
    const put = await fetch(`http://127.0.0.1:${port}${SAY}`, { method: 'PUT', body: '{}' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
    const text = await post(port, SAY, 'x', { 'content-type': 'text/plain' });
    expect(text.status).toBe(415);
    expect(await text.text()).toContain('application/json');
  });

  it('has 404 where there is no such method', async () => {
    const { port } = await startProbe();
    const response = await post(port, '/test.Probe/Nothing', '{}');
    expect(response.status).toBe(404);
  });
});

describe('an error', () => {
  it('has the code, the message and the details of the catalogue', async () => {
    const { port } = await startProbe(failing(fail('FLAG_NOT_FOUND', 'no flag "x"')));
    const response = await post(port, SAY, '{}');
    expect(response.status).toBe(404);
    const body = (await response.json()) as { details: unknown[] };
    expect(body).toMatchObject({ code: 'not_found', message: 'no flag "x"' });
    expect(body.details[0]).toMatchObject({
      type: 'google.rpc.ErrorInfo',
      value: expect.any(String) as string,
    });
  });

  it('has a bare status as it is, with its trailers', async () => {
    const trailers = new Metadata();
    trailers.set('x-more', 'yes');
    const { port } = await startProbe(failing(new ForeignStatus(status.DATA_LOSS, 'gone', trailers)));
    const response = await post(port, SAY, '{}');
    expect(response.status).toBe(500);
    expect(response.headers.get('trailer-x-more')).toBe('yes');
    expect(await response.json()).toEqual({ code: 'data_loss', message: 'gone' });
  });

  it('that nobody foresaw is logged and tells nothing', async () => {
    const { port, logs } = await startProbe(failing(new TypeError('secret')));
    const response = await post(port, SAY, '{}');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(logs.some(({ msg }) => msg === 'call failed with an error nobody foresaw')).toBe(true);
  });
});

describe('who may call', () => {
  it('is asked of the key', async () => {
    const { port } = await startProbe({}, keyed());
    expect((await post(port, SAY, '{}')).status).toBe(401);
    expect((await post(port, SAY, '{}', { authorization: 'Bearer k' })).status).toBe(200);
  });

  it('is refused before the body is there', async () => {
    const { port } = await startProbe({}, keyed());
    const body = new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from('{')) });
    const response = await fetch(`http://127.0.0.1:${port}${SAY}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    } as RequestInit).catch((error: unknown) => error);
    expect(response).toMatchObject({ status: 401 });
  });

  it('is asked of what the key may do', async () => {
    const { port } = await startProbe({}, keyed(new Set(['sync'])));
    const response = await post(port, SAY, '{}', { authorization: 'Bearer k' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'permission_denied' });
  });

  it('has the quota of its key, and when to come back', async () => {
    const quota = { callsPerSecond: 1, burstCalls: 1, streams: 1 };
    const { port } = await startProbe({}, { ...keyed(), quota, monotonicMs: () => 0 });
    const ask = () => post(port, SAY, '{}', { authorization: 'Bearer k' });
    expect((await ask()).status).toBe(200);
    const response = await ask();
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await response.json()).toMatchObject({ code: 'resource_exhausted' });
  });
});

describe('a large request', () => {
  it('is refused by its bytes, unpacked ones as well', async () => {
    const { port } = await startProbe({}, { maxRequestBytes: 1_000 });
    const body = JSON.stringify({ text: 'x'.repeat(2_000) });
    expect((await post(port, SAY, body)).status).toBe(429);
    const packed = await post(port, SAY, new Uint8Array(gzipSync(body)), { 'content-encoding': 'gzip' });
    expect(packed.status).toBe(429);
    const small = await post(port, SAY, new Uint8Array(gzipSync('{"text":"hi"}')), {
      'content-encoding': 'gzip',
    });
    expect(await small.json()).toMatchObject({ text: 'hi' });
  });

  it('is refused by the values that it holds, before they are parsed', async () => {
    const { port } = await startProbe({}, { maxRequestMessages: 1_000 });
    const body = JSON.stringify({ context: { list: Array.from({ length: 5_000 }, () => ({})) } });
    const response = await post(port, SAY, body);
    expect(response.status).toBe(429);
    expect(await response.text()).toContain('more than 4000 values');
  });

  it('is refused by the messages that its bytes hold', async () => {
    const { port } = await startProbe({}, { maxRequestMessages: 1_000 });
    // The context: a list of empty values, and text that nobody reads.
    const values = Buffer.from(Array.from({ length: 9_000 }, () => [0x0a, 0x00]).flat());
    const wrap = (field: number, content: Buffer): Buffer => {
      const length: number[] = [];
      for (let rest = content.length; ; rest >>>= 7) {
        if (rest < 0x80) {
          length.push(rest);
          break;
        }
        length.push((rest & 0x7f) | 0x80);
      }
      return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), content]);
    };
    const entry = Buffer.concat([wrap(1, Buffer.from('k')), wrap(2, wrap(6, values))]);
    const message = new Uint8Array(wrap(4, wrap(1, entry)));
    const response = await post(port, SAY, message, { 'content-type': 'application/proto' });
    expect(response.status).toBe(429);
    expect(await response.text()).toContain('more than 1000 messages');
  });

  it('nested deeper than anybody follows is refused', async () => {
    const { port } = await startProbe();
    const body = `{"context":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    const response = await post(port, SAY, body);
    expect(response.status).toBe(400);
    expect((await post(port, SAY, '{}')).status).toBe(200);
  });
});

describe('a deadline', () => {
  it('ends the call for its caller and for its handler', async () => {
    const aborted = promised<void>();
    const { port } = await startProbe({
      say: unary((_request, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve());
        return new Promise(() => undefined);
      }),
    });
    const response = await post(port, SAY, '{}', { 'connect-timeout-ms': '30' });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'deadline_exceeded' });
    await aborted.promise;
  });

  it('of weeks is none', async () => {
    const { port } = await startProbe();
    expect((await post(port, SAY, '{}', { 'connect-timeout-ms': '9999999999' })).status).toBe(200);
  });
});

describe('real clients', () => {
  it.each([
    ['Connect, JSON', (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    [
      'Connect, protobuf',
      (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: true }),
    ],
    [
      'Connect over HTTP/2',
      (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true }),
    ],
    ['gRPC-Web', (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['gRPC-Web over HTTP/2', (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
  ])('call, and hear of errors: %s', async (_name, transport) => {
    const { port } = await startProbe({
      say: unary<ProbeText, ProbeText>((request) => {
        if (request.text === 'fail') throw fail('FLAG_NOT_FOUND', 'not here');
        return request;
      }),
    });
    const client = createClient(Probe, transport(`http://127.0.0.1:${port}`)) as unknown as {
      say(request: object, options?: object): Promise<ProbeText>;
    };
    expect(await client.say({ text: 'hi', bigCount: 5n })).toMatchObject({ text: 'hi', bigCount: 5n });
    const error = await failure(client.say({ text: 'fail' }));
    expect([error.code, error.rawMessage, error.details.length]).toEqual([Code.NotFound, 'not here', 1]);
  });
});

describe('a stop', () => {
  it('lets a running call finish', async () => {
    const began = promised<void>();
    const go = promised<void>();
    const { port, host } = await startProbe({
      say: unary(async () => {
        began.resolve();
        await go.promise;
        return { text: 'done' };
      }),
    });
    const asked = post(port, SAY, '{}');
    await began.promise;
    const drained = host.drain(10_000);
    go.resolve();
    expect(await (await asked).json()).toMatchObject({ text: 'done' });
    await drained;
    await until(
      () =>
        post(port, SAY, '{}').then(
          () => false,
          () => true,
        ),
      { what: 'a closed port' },
    );
  });
});
