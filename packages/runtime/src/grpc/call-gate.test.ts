import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { fail } from '@flagstream/protocol';
import { status } from '@grpc/grpc-js';
import { expect, it, vi } from 'vitest';
import { codec, EchoService, echo, opened, say, start } from './echo-host.fixture.ts';
import type { GrpcHostOptions } from './grpc-host.ts';
import { loopbackPrincipal } from './principal.ts';

const open = loopbackPrincipal({ project: 'default', environment: 'development' });
const keyed: GrpcHostOptions['authenticate'] = (metadata, peer) => {
  if (metadata.get('authorization').length === 0) throw fail('UNAUTHENTICATED', 'no key');
  return open(metadata, peer);
};

function sessionTo(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  opened.push(() => session.destroy());
  return session;
}

/** The status that a call gets whose body is begun and never ended. */
async function statusOfHalf(
  session: ClientHttp2Session,
  path: string,
  headers: object = {},
): Promise<number> {
  const call = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  call.on('error', () => undefined);
  call.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
  const answered = await new Promise<number>((resolve) =>
    call.on('response', (received) => resolve(Number(received['grpc-status']))),
  );
  await new Promise((resolve) => call.on('close', resolve).resume());
  expect(call.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  return answered;
}

it('who may not come in is refused before a request is there, and nothing of it is decoded', async () => {
  const deserialize = vi.fn(codec.deserialize);
  const definition = { ...EchoService, say: { ...EchoService.say, requestDeserialize: deserialize } };
  const { client, port, metrics } = await start([{ ...echo, definition }], { authenticate: keyed });
  const session = sessionTo(port);
  for (const path of ['/test.Echo/Say', '/test.Echo/Tell', '/test.Echo/Chat'])
    expect([path, await statusOfHalf(session, path)]).toEqual([path, status.UNAUTHENTICATED]);
  await expect(say(client, 'x'.repeat(100_000))).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  expect(deserialize).not.toHaveBeenCalled();
  expect(await metrics.text()).toMatch(/grpc_method="Say"[^\n]*grpc_code="Unauthenticated"[^\n]* 2/);
});

it('a request of health is refused when it is longer than any name', async () => {
  const { port } = await start();
  const call = sessionTo(port).request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(100_000);
  call.end(Buffer.concat([Buffer.of(0), length, Buffer.alloc(100_000)]));
  const answered = new Promise((resolve) =>
    call.on('response', (received) => resolve(Number(received['grpc-status']))),
  );
  expect(await answered).toBe(status.RESOURCE_EXHAUSTED);
});
