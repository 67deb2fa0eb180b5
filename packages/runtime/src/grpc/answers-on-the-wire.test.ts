import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { startProbe } from '../connect/connect.fixture.ts';
import { echo, framedText, rawCall, rawSession, start } from './echo-host.fixture.ts';
import { ForeignStatus } from './foreign-status.ts';
import { serverStream, unary } from './handler.ts';
import type { ServiceBinding } from './service-binding.ts';

/** The headers that hold the status of a call. */
function ended(call: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return new Promise((resolve) => {
    const look = (headers: IncomingHttpHeaders): void => {
      if (headers['grpc-status'] !== undefined) resolve(headers);
    };
    call.on('response', look).on('trailers', look).resume();
  });
}

function refusing(): ServiceBinding {
  const refuse = (): never => {
    const metadata = new Metadata();
    metadata.set('one-bin', Buffer.of(1));
    metadata.add('two-bin', Buffer.of(2, 2));
    metadata.add('two-bin', Buffer.of(3));
    throw new ForeignStatus(status.NOT_FOUND, 'nothing', metadata);
  };
  return { ...echo, handlers: { ...echo.handlers, say: unary(refuse), tell: serverStream(refuse) } };
}

describe.each(['Say', 'Tell'] as const)('%s', (name) => {
  it('ends well without a message', async () => {
    const { port } = await start();
    const call = rawCall(rawSession(port), name);
    call.end(framedText('hello'));
    expect(await ended(call)).toMatchObject({ 'grpc-status': '0', 'grpc-message': '' });
  });

  it('sends the bytes of its error in base64 without padding', async () => {
    const { port } = await start([refusing()]);
    const call = rawCall(rawSession(port), name);
    call.end(framedText('hello'));
    expect(await ended(call)).toMatchObject({
      'grpc-status': String(status.NOT_FOUND),
      'grpc-message': 'nothing',
      'one-bin': 'AQ',
      'two-bin': 'AgI, Aw',
    });
  });
});

describe('what says that it is gRPC', () => {
  it.each([
    ['by another verb', { ':method': 'PUT' }, constants.HTTP_STATUS_METHOD_NOT_ALLOWED],
    ['in JSON', { 'content-type': 'application/grpc+json' }, constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE],
    [
      'of another kind',
      { 'content-type': 'application/grpcs' },
      constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE,
    ],
  ])('%s runs no handler', async (_, headers, statusCode) => {
    let ran = false;
    const { port } = await startProbe({
      say: unary(() => {
        ran = true;
        return {};
      }),
    });
    const call = rawCall(rawSession(port), 'Say', { ':path': '/test.Probe/Say', ...headers });
    const response = new Promise<IncomingHttpHeaders>((resolve) => call.on('response', resolve).resume());
    call.end(Buffer.alloc(5));
    expect((await response)[':status']).toBe(statusCode);
    expect(ran).toBe(false);
  });

  it.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])(
    '%s is',
    async (type) => {
      const { port } = await start();
      const call = rawCall(rawSession(port), 'Say', { 'content-type': type });
      call.end(framedText('hello'));
      expect(await ended(call)).toMatchObject({ 'grpc-status': '0' });
    },
  );
});
