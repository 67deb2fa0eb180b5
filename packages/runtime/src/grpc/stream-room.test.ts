// What a peer is told of its room, over real HTTP/2 connections.

import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { StreamRoom } from './stream-room.ts';

const CALLS = 32;

async function connected(streamsMax: number) {
  const server = createServer({ settings: { maxConcurrentStreams: CALLS } });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => client.destroy());
  const [[session]] = (await Promise.all([once(server, 'session'), once(client, 'remoteSettings')])) as [
    [ServerHttp2Session],
    unknown,
  ];
  const told = async (): Promise<number> => {
    // Frames come in their order: what was told is there before the answer to a ping.
    await new Promise((resolve) => session.ping(resolve));
    return client.remoteSettings.maxConcurrentStreams!;
  };
  return { room: new StreamRoom({ callsMax: CALLS, streamsMax }), session, client, told };
}

it('a connection has its calls, and room for as many longer streams as it opens', async () => {
  const { room, session, told } = await connected(1_000);
  for (let streams = 1; streams <= 200; streams++) {
    room.began(session);
    const beside = (await told()) - streams;
    expect(beside).toBeGreaterThan(CALLS / 2);
    expect(beside).toBeLessThanOrEqual(CALLS);
  }
});

it('no more than streamsMax in all', async () => {
  const { room, session, told } = await connected(100);
  for (let streams = 0; streams < 200; streams++) room.began(session);
  expect(await told()).toBe(100);
});

it('makes room for those that there are at once, not for those that there ever were', async () => {
  const { room, session, told } = await connected(1_000);
  for (let streams = 0; streams < 200; streams++) {
    room.began(session);
    room.ended(session);
  }
  expect(await told()).toBe(CALLS);
});

it('gives and takes room for calls beside the streams that there are', async () => {
  const { room, session, told } = await connected(1_000);
  for (let streams = 0; streams < 32; streams++) room.began(session);
  room.give(session, 0);
  expect(await told()).toBe(32);
  room.give(session, 500);
  expect(await told()).toBe(532);
  room.give(session, CALLS);
  expect(await told()).toBe(CALLS + 32);
});

it('a call of a connection that has lost its room waits at its caller, and goes on when there is room again', async () => {
  const { room, session, client, told } = await connected(1_000);
  const paths: string[] = [];
  session.on('stream', (stream: ServerHttp2Stream, headers) => {
    paths.push(headers[':path'] ?? '');
    stream.respond({}, { endStream: true });
  });
  room.give(session, 0);
  await told();
  const call = client.request({ ':path': '/waits' });
  call.end();
  await told();
  expect(paths).toEqual([]);
  room.give(session, CALLS);
  await once(call, 'response');
  expect(paths).toEqual(['/waits']);
});

it('tells a connection that is gone nothing', async () => {
  const { room, session, client } = await connected(1_000);
  const closed = once(session, 'close');
  client.destroy();
  await closed;
  for (let streams = 0; streams < 200; streams++) room.began(session);
});
