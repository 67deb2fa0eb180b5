// Node keeps a connection's streams where we look for them, and goes on with what we keep them in.

import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { opened } from './echo-host.fixture.ts';
import { keepStreamsCollectable } from './session-streams.ts';

it('Node takes streams from, and ends streams of, a session whose streams are kept collectable', async () => {
  const server = createServer();
  const kept: boolean[] = [];
  let session: ServerHttp2Session | undefined;
  server.on('session', (opening) => {
    session = opening;
    kept.push(keepStreamsCollectable(opening));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/short') stream.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.push(() => {
    client.destroy();
    server.close();
  });
  for (let call = 0; call < 600; call++) {
    const short = client.request({ ':path': '/short' }).resume();
    await once(short, 'close');
  }
  const long = client.request({ ':path': '/long' });
  await once(long, 'response');
  const cut = once(long, 'close');
  long.on('error', () => undefined);
  // Node ends what its session has.
  session!.destroy();
  await cut;
  expect(kept).toEqual([true]);
});

it('a session that keeps them elsewhere is left as it is', () => {
  const session = { [Symbol('state')]: { streams: [] } } as unknown as ServerHttp2Session;
  expect(keepStreamsCollectable(session)).toBe(false);
});
