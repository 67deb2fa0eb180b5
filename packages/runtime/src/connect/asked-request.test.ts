import { gzipSync } from 'node:zlib';
import { ConnectError } from '@connectrpc/connect';
import { errorFromJson } from '@connectrpc/connect/protocol-connect';
import { BadRequest, ErrorInfo } from '@flagstream/protocol/gen/google/rpc/error_details';
import { describe, expect, it } from 'vitest';
import { post, startProbe } from './connect.fixture.ts';

const SAY = '/test.Probe/Say';
const TELL = '/test.Probe/Tell';
const EVENTS = { accept: 'text/event-stream' };

/** An error with what it says of the catalogue and of fields. */
async function refusal(body: unknown) {
  const error = errorFromJson(body as never, undefined, new ConnectError('no error'));
  const detail = (type: string): Uint8Array =>
    error.details.flatMap((each) => ('type' in each && each.type === type ? [each.value] : []))[0] ??
    new Uint8Array();
  const { fieldViolations } = BadRequest.decode(detail('google.rpc.BadRequest'));
  const { reason } = ErrorInfo.decode(detail('google.rpc.ErrorInfo'));
  return { reason, message: error.rawMessage, fields: fieldViolations.map(({ field }) => field) };
}

const refused = async (response: Response) => {
  expect(response.status).toBe(400);
  const body = (await response.json()) as { readonly code: string };
  expect(body.code).toBe('invalid_argument');
  return refusal(body);
};

const envelope = (flags: number, message: string | Uint8Array): Uint8Array<ArrayBuffer> => {
  const content = Buffer.from(message);
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(content.length, 1);
  return new Uint8Array(Buffer.concat([head, content]));
};

/** The error that ends a stream. */
async function endError(response: Response): Promise<unknown> {
  const text = Buffer.from(await response.arrayBuffer())
    .subarray(5)
    .toString();
  return (JSON.parse(text) as { readonly error: unknown }).error;
}

/** A field that says it is longer than the message. */
const CUT_SHORT = new Uint8Array([0x0a, 0x7f, 0x61]);

describe('a message that cannot be decoded', () => {
  it('is an invalid argument of the catalogue, as over gRPC: protobuf', async () => {
    const { port, metrics } = await startProbe();
    const response = await post(port, SAY, CUT_SHORT, { 'content-type': 'application/proto' });
    expect(await refused(response)).toMatchObject({
      reason: 'INVALID_FIELD',
      message: expect.stringContaining('the request cannot be decoded') as string,
    });
    const stream = await post(port, TELL, envelope(0, CUT_SHORT), {
      'content-type': 'application/connect+proto',
    });
    const error = await endError(stream);
    expect(error).toMatchObject({ code: 'invalid_argument' });
    expect(await refusal(error)).toMatchObject({ reason: 'INVALID_FIELD' });
    const web = await post(port, SAY, envelope(0, CUT_SHORT), { 'content-type': 'application/grpc-web' });
    expect(Buffer.from(await web.arrayBuffer()).toString()).toContain('grpc-status: 3');
    const counted = await metrics.text();
    expect(counted).toMatch(/handled_total\{.*grpc_method="Say",grpc_code="InvalidArgument"\} 2/);
    expect(counted).toMatch(/handled_total\{.*grpc_method="Tell",grpc_code="InvalidArgument"\} 1/);
  });

  it.each([
    ['{"context":"text"}', ['context'], 'context: must be a JSON object'],
    ['{"context":[]}', ['context'], 'context: must be a JSON object'],
    ['{"text":5}', ['text'], 'text: expected string, got 5'],
    ['{"text":"","bigCount":"many"}', ['big_count'], 'big_count: expected'],
    ['{"big_count":1.5}', ['big_count'], 'big_count: expected'],
    ['{"text":', [], 'the message is no JSON document'],
    ['', [], 'the message is no JSON document'],
    ['[]', [], 'the message must be a JSON object'],
    ['{"text":"a","text":"b"}', [], 'duplicate object key "text"'],
  ])('names the field of JSON: %s', async (body, fields, message) => {
    const { port } = await startProbe();
    const found = await refused(await post(port, SAY, body));
    expect(found).toMatchObject({ reason: 'INVALID_FIELD', fields });
    expect(found.message).toContain(message);
    expect(found.message).not.toContain('google.protobuf');
  });

  it('names the field in a stream, and as server-sent events', async () => {
    const { port } = await startProbe();
    const stream = await post(port, TELL, envelope(0, '{"text":5}'), {
      'content-type': 'application/connect+json',
    });
    expect(await refusal(await endError(stream))).toMatchObject({ fields: ['text'] });
    expect(await refused(await post(port, TELL, '{"text":5}', EVENTS))).toMatchObject({ fields: ['text'] });
  });

  it('is not what ends a stream of messages', async () => {
    const { port } = await startProbe();
    const body = Buffer.concat([envelope(0, '{"text":"a"}'), envelope(2, 'no message')]);
    const response = await post(port, TELL, new Uint8Array(body), {
      'content-type': 'application/connect+json',
    });
    expect(Buffer.from(await response.arrayBuffer()).toString()).toContain('"text":"a"');
  });
});

describe('a content coding', () => {
  it.each(['GZIP', 'GZip', 'x-gzip', ' gzip '])('has any case: %s', async (coding) => {
    const { port } = await startProbe();
    const packed = new Uint8Array(gzipSync('{"text":"packed"}'));
    const whole = await post(port, SAY, packed, { 'content-encoding': coding });
    expect(await whole.json()).toMatchObject({ text: 'packed' });
    const stream = await post(port, TELL, envelope(1, gzipSync('{"text":"p"}')), {
      'content-type': 'application/connect+json',
      'connect-content-encoding': coding,
    });
    expect(Buffer.from(await stream.arrayBuffer()).toString('latin1')).toContain('"text":"p"');
    const events = await post(port, TELL, new Uint8Array(gzipSync('{"text":"p"}')), {
      ...EVENTS,
      'content-encoding': coding,
    });
    expect(await events.text()).toContain('"text":"p"');
    const query = `message=${gzipSync('{"text":"p"}').toString('base64url')}&base64=1`;
    const got = await fetch(
      `http://127.0.0.1:${port}${SAY}?encoding=json&${query}&compression=${encodeURIComponent(coding)}`,
    );
    expect(await got.json()).toMatchObject({ text: 'p' });
  });

  it.each([
    ['ends early', gzipSync('{"text":"packed"}').subarray(0, -6)],
    ['is no gzip', Buffer.from('{"text":"packed"}')],
  ])('that %s is the sender’s mistake', async (_what, packed) => {
    const { port } = await startProbe();
    const whole = await post(port, SAY, new Uint8Array(packed), { 'content-encoding': 'gzip' });
    expect([whole.status, await whole.json()]).toMatchObject([400, { code: 'invalid_argument' }]);
    const stream = await post(port, TELL, envelope(1, packed), {
      'content-type': 'application/connect+json',
      'connect-content-encoding': 'gzip',
    });
    expect(Buffer.from(await stream.arrayBuffer()).toString('latin1')).toContain('invalid_argument');
  });

  it.each(['Identity', 'IDENTITY'])('is none: %s', async (coding) => {
    const { port } = await startProbe();
    const whole = await post(port, SAY, '{"text":"plain"}', { 'content-encoding': coding });
    expect(await whole.json()).toMatchObject({ text: 'plain' });
    const stream = await post(port, TELL, envelope(0, '{"text":"p"}'), {
      'content-type': 'application/connect+json',
      'connect-content-encoding': coding,
    });
    expect(await stream.text()).toContain('"text":"p"');
  });

  it('of an answer has any case', async () => {
    const { port } = await startProbe();
    const response = await post(port, SAY, JSON.stringify({ text: 'x'.repeat(20_000) }), {
      'accept-encoding': 'GZip',
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
  });

  it('that nobody knows is refused with those that are', async () => {
    const { port } = await startProbe();
    const response = await post(port, SAY, '{}', { 'content-encoding': 'BR' });
    expect([response.status, response.headers.get('accept-encoding')]).toEqual([501, 'gzip']);
  });
});

describe('a GET', () => {
  const get = (port: number, query: string) => fetch(`http://127.0.0.1:${port}${SAY}?${query}`);

  it.each(['encoding=json', 'encoding=proto', 'encoding=json&connect=v1', ''])(
    'without a message is an invalid argument: %s',
    async (query) => {
      const { port } = await startProbe();
      expect(await refused(await get(port, query))).toMatchObject({
        reason: 'INVALID_FIELD',
        fields: ['message'],
      });
    },
  );

  it('may have an empty message, which is none of JSON', async () => {
    const { port } = await startProbe();
    expect((await get(port, 'encoding=proto&message=')).status).toBe(200);
    await refused(await get(port, 'encoding=json&message='));
  });
});

describe('a version of the protocol', () => {
  it.each(['2', '1.0', ''])('that is none of ours is an invalid argument: "%s"', async (version) => {
    const { port } = await startProbe();
    const headers = { 'connect-protocol-version': version };
    expect(await refused(await post(port, SAY, '{}', headers))).toMatchObject({
      fields: ['connect-protocol-version'],
    });
    const stream = await post(port, TELL, envelope(0, '{}'), {
      ...headers,
      'content-type': 'application/connect+json',
    });
    expect(await refusal(await endError(stream))).toMatchObject({ fields: ['connect-protocol-version'] });
    const got = await fetch(`http://127.0.0.1:${port}${SAY}?connect=v${version}&message=%7B%7D`);
    expect(await refused(got)).toMatchObject({ fields: ['connect'] });
    expect((await post(port, TELL, '{}', { ...headers, ...EVENTS })).status).toBe(400);
  });

  it('of ours is taken, and means nothing to gRPC-Web', async () => {
    const { port } = await startProbe();
    expect((await post(port, SAY, '{}', { 'connect-protocol-version': '1' })).status).toBe(200);
    const web = await post(port, SAY, envelope(0, ''), {
      'content-type': 'application/grpc-web',
      'connect-protocol-version': '2',
    });
    expect(Buffer.from(await web.arrayBuffer()).toString()).toContain('grpc-status: 0');
  });
});
