import { once } from 'node:events';
import { fail, fromServiceError } from '@flagstream/protocol';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  chat,
  codec,
  EchoService,
  echo,
  failure,
  promised,
  read,
  say,
  start,
  type Text,
  tell,
} from './echo-host.fixture.ts';
import { endWithError } from './end-stream.ts';
import { bidi, type CallContext, serverStream, unary } from './handler.ts';
import { passThrough, type ServiceBinding } from './service-binding.ts';

function writeTo(stream: grpc.ClientDuplexStream<Text, Text>): grpc.ClientReadableStream<Text> {
  stream.end({ text: '' });
  return stream;
}

describe('calls', () => {
  it('answers unary, server streaming and bidirectional calls', async () => {
    const { client } = await start();
    expect(await say(client, 'hello')).toEqual({ text: 'hello' });
    expect(await read(tell(client, 'one'))).toEqual([{ text: 'one' }]);
    const call = chat(client);
    call.write({ text: 'a' });
    call.write({ text: 'b' });
    call.end();
    expect(await read(call)).toEqual([{ text: 'a' }, { text: 'b' }]);
  });

  it('sends encoded bytes as they are where the definition lets them pass', async () => {
    const frame = Buffer.from('{"text":"encoded once"}');
    const { client } = await start([
      {
        ...echo,
        definition: passThrough(EchoService, ['tell']),
        handlers: {
          ...echo.handlers,
          tell: serverStream<Text, Text | Uint8Array>((_, stream) => {
            stream.write(frame);
            stream.write(new Uint8Array(frame));
            stream.write({ text: 'a message' });
            stream.end();
          }),
        },
      },
    ]);
    expect(await read(tell(client, ''))).toEqual([
      { text: 'encoded once' },
      { text: 'encoded once' },
      { text: 'a message' },
    ]);
  });

  it('gives the handler the principal, the method and the deadline', async () => {
    let seen: CallContext | undefined;
    const { client } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          say: unary<Text, Text>((request, context) => {
            seen = context;
            return request;
          }),
        },
      },
    ]);
    const metadata = new grpc.Metadata();
    metadata.set('flagstream-project', 'shop');
    metadata.set('flagstream-environment', 'production');
    const deadline = Date.now() + 60_000;
    await say(client, 'x', metadata, { deadline });
    expect(seen?.principal).toMatchObject({ kind: 'anonymous', project: 'shop', environment: 'production' });
    expect(seen?.method).toBe('/test.Echo/Say');
    expect(Math.abs(seen!.deadlineMs! - deadline)).toBeLessThan(60_000);
    await say(client, 'x');
    expect(seen?.principal).toMatchObject({ project: 'default', environment: 'development' });
    expect(seen?.deadlineMs).toBeUndefined();
  });

  it('aborts the signal when the caller cancels', async () => {
    const { promise: aborted, resolve } = promised<void>();
    const { client } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          tell: serverStream<Text, Text>((request, stream, { signal }) => {
            signal.addEventListener('abort', () => resolve());
            stream.write(request);
          }),
        },
      },
    ]);
    const call = tell(client, 'x');
    call.on('error', () => undefined);
    await once(call, 'data');
    call.cancel();
    await aborted;
  });

  it('aborts the signal at the deadline', async () => {
    const { promise: aborted, resolve } = promised<void>();
    const { client } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          say: unary<Text, Text>(async (request, { signal }) => {
            if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done));
            resolve();
            return request;
          }),
        },
      },
    ]);
    // A deadline that is over before the call arrives reaches no handler.
    await new Promise((connected) => client.waitForReady(Date.now() + 10_000, connected));
    const error = await failure(say(client, 'x', new grpc.Metadata(), { deadline: Date.now() + 500 }));
    expect(error.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await aborted;
  });
});

describe('errors', () => {
  const failing = (error: unknown): ServiceBinding => ({
    ...echo,
    handlers: {
      say: unary<Text, Text>(async () => {
        throw error;
      }),
      tell: serverStream<Text, Text>(() => {
        throw error;
      }),
      chat: bidi<Text, Text>((stream) => {
        stream.once('data', () => endWithError(stream, error));
      }),
    },
  });

  it('answers catalogued errors with their reason and details', async () => {
    const { client, logs } = await start([failing(fail('FLAG_NOT_FOUND', 'flag "x" not found'))]);
    const chatting = async (): Promise<unknown> => {
      const call = chat(client);
      call.write({ text: 'x' });
      return read(call);
    };
    for (const error of [
      await failure(say(client, 'x')),
      await failure(read(tell(client, 'x'))),
      await failure(chatting()),
    ]) {
      expect(error).toMatchObject({ code: grpc.status.NOT_FOUND, details: 'flag "x" not found' });
      expect(fromServiceError(error).reason).toBe('FLAG_NOT_FOUND');
    }
    expect(logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('hides what nobody foresaw, and logs it with its stack', async () => {
    const { client, logs } = await start([failing(new TypeError('secret detail'))]);
    for (const error of [await failure(say(client, 'x')), await failure(read(tell(client, 'x')))]) {
      expect(error).toMatchObject({ code: grpc.status.INTERNAL, details: 'internal error' });
    }
    const lines = logs.filter(({ level }) => level === 'error');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      'rpc.method': '/test.Echo/Say',
      err: { message: 'secret detail', stack: expect.stringContaining('grpc-host.test.ts') },
    });
  });

  it('survives half a surrogate pair and a very long message', async () => {
    const { client } = await start([failing(fail('INVALID_FIELD', `\ud83d${'x'.repeat(5_000)}`))]);
    const error = await failure(say(client, 'x'));
    expect(error.details).toHaveLength(1_000);
    expect(error.details.startsWith('\ufffdxx')).toBe(true);
    expect((await failure(say(client, 'x'))).code).toBe(grpc.status.INVALID_ARGUMENT);
  });

  it.each(['/test.Echo/Say', '/test.Echo/Tell', '/test.Echo/Chat'])(
    'says of bytes that are no request that %s cannot decode them',
    async (path) => {
      const { client, logs } = await start();
      const garbage = (): Buffer => Buffer.from('{"text":');
      const call =
        path === '/test.Echo/Say'
          ? new Promise((resolve, reject) =>
              client.makeUnaryRequest(path, garbage, codec.deserialize, { text: '' }, (error, answer) =>
                error ? reject(error) : resolve(answer),
              ),
            )
          : path === '/test.Echo/Tell'
            ? read(client.makeServerStreamRequest(path, garbage, codec.deserialize, { text: '' }))
            : read(writeTo(client.makeBidiStreamRequest(path, garbage, codec.deserialize)));
      const error = await failure(call);
      expect(error).toMatchObject({
        code: grpc.status.INVALID_ARGUMENT,
        details: expect.stringContaining('the request cannot be decoded'),
      });
      expect(fromServiceError(error).reason).toBe('INVALID_FIELD');
      expect(logs.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  it('refuses a request above the size limit and lives on', async () => {
    const { client } = await start([echo], { maxRequestBytes: 1_000 });
    expect((await failure(say(client, 'x'.repeat(2_000)))).code).toBe(grpc.status.RESOURCE_EXHAUSTED);
    expect(await say(client, 'small')).toEqual({ text: 'small' });
  });

  it('answers UNIMPLEMENTED for a method that is not there', async () => {
    const { client } = await start();
    const error = await failure(
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          '/test.Echo/Nope',
          codec.serialize,
          codec.deserialize,
          { text: '' },
          (err, answer) => (err ? reject(err) : resolve(answer)),
        ),
      ),
    );
    expect(error.code).toBe(grpc.status.UNIMPLEMENTED);
  });
});

describe('metrics and logs', () => {
  it('counts calls, messages and codes under the usual names', async () => {
    const { client, metrics, logs } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          say: unary<Text, Text>(({ text }) => {
            if (text === 'bad') throw fail('INVALID_FIELD', 'bad');
            return { text };
          }),
        },
      },
    ]);
    await say(client, 'x');
    await failure(say(client, 'bad'));
    const call = chat(client);
    call.write({ text: 'a' });
    call.write({ text: 'b' });
    call.end();
    await read(call);
    const lines = (await metrics.text()).split('\n');
    const labels = 'grpc_type="unary",grpc_service="test.Echo",grpc_method="Say"';
    expect(lines).toContain(`grpc_server_started_total{${labels}} 2`);
    expect(lines).toContain(`grpc_server_handled_total{${labels},grpc_code="OK"} 1`);
    expect(lines).toContain(`grpc_server_handled_total{${labels},grpc_code="InvalidArgument"} 1`);
    expect(lines).toContain(`grpc_server_handling_seconds_count{${labels}} 2`);
    expect(lines).toContain(`grpc_server_handling_seconds_bucket{${labels},le="+Inf"} 2`);
    const chatLabels = 'grpc_type="bidi_stream",grpc_service="test.Echo",grpc_method="Chat"';
    expect(lines).toContain(`grpc_server_msg_received_total{${chatLabels}} 2`);
    expect(lines).toContain(`grpc_server_msg_sent_total{${chatLabels}} 2`);
    expect(lines).toContain(`grpc_server_handled_total{${chatLabels},grpc_code="OK"} 1`);
    expect(logs.filter(({ msg }) => msg === 'call').map((line) => line['grpc.code'])).toEqual([
      'OK',
      'InvalidArgument',
      'OK',
    ]);
  });

  it('counts a stream that the client left as cancelled', async () => {
    const { promise: over, resolve } = promised<void>();
    const { client, metrics } = await start([
      {
        ...echo,
        handlers: {
          ...echo.handlers,
          tell: serverStream<Text, Text>((request, stream, { signal }) => {
            signal.addEventListener('abort', () => resolve());
            stream.write(request);
          }),
        },
      },
    ]);
    const call = tell(client, 'x');
    call.on('error', () => undefined);
    await once(call, 'data');
    expect(await metrics.text()).toContain('flagstream_grpc_open_streams 1');
    call.cancel();
    await over;
    const text = await metrics.text();
    expect(text).toContain('grpc_method="Tell",grpc_code="Cancelled"} 1');
    expect(text).toContain('flagstream_grpc_open_streams 0');
  });
});
