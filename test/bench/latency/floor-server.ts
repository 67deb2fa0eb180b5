// The floor of a change's way on this stack, without any of our code: one row committed with fsync, one
// JetStream publish with compare-and-set, one consumer, one grpc-js write. Two processes, as ours are.
//
// `node floor-server.js writer NATS_URL STREAM FOLDER` and `node floor-server.js pusher NATS_URL STREAM` print
// {"port":N} when they listen.

import path from 'node:path';
import process from 'node:process';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import Database from 'better-sqlite3';
import { connect, type NatsConnection } from 'nats';
import { FOLLOW, WRITE } from './floor-contract.ts';

const [role, url, stream, folder] = process.argv.slice(2);
if (url === undefined || stream === undefined)
  throw new Error('usage: writer|pusher NATS_URL STREAM [FOLDER]');

const connection = await connect({ servers: url });
const server = new Server({ 'grpc.enable_channelz': 0 });
if (role === 'writer' && folder !== undefined) await serveWrites(connection, stream, folder);
else await servePushes(connection, stream);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once('SIGTERM', () => process.exit());

/** Answers when the row is on the disk, with the moment (unix ms, as a double); publishing goes on beside, in order. */
async function serveWrites(nats: NatsConnection, name: string, dir: string): Promise<void> {
  const manager = await nats.jetstreamManager();
  await manager.streams.add({ name, subjects: [name] });
  const jetstream = nats.jetstream();
  const database = new Database(path.join(dir, 'floor.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE record (revision INTEGER PRIMARY KEY, content BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO record (content) VALUES (?)');
  let published = Promise.resolve();
  let revision = 0;
  const write = ({ request }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    insert.run(request);
    const committed = Buffer.alloc(8);
    committed.writeDoubleBE(performance.timeOrigin + performance.now());
    const lastSequence = revision++;
    published = published.then(async () => {
      await jetstream.publish(name, request, { expect: { lastSequence } });
    });
    callback(null, committed);
  };
  server.addService({ write: WRITE }, { write });
}

async function servePushes(nats: NatsConnection, name: string): Promise<void> {
  const followers = new Set<ServerWritableStream<Buffer, Buffer>>();
  const follow = (call: ServerWritableStream<Buffer, Buffer>): void => {
    followers.add(call);
    call.once('close', () => followers.delete(call));
    // Headers at once: the follower knows that it will miss nothing.
    call.sendMetadata(call.metadata);
  };
  server.addService({ follow: FOLLOW }, { follow });
  const consumer = await nats.jetstream().consumers.get(name);
  const messages = await consumer.consume();
  void push(messages, followers);
}

async function push(
  messages: AsyncIterable<{ readonly data: Uint8Array }>,
  followers: ReadonlySet<ServerWritableStream<Buffer, Buffer>>,
): Promise<void> {
  for await (const { data } of messages) {
    for (const follower of followers) follower.write(Buffer.from(data));
  }
}
