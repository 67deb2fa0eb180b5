// The floor's two processes, and one change through them.

import path from 'node:path';
import process from 'node:process';
import { Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import type { NatsServer } from '../../support/nats-server.ts';
import { TestProcess } from '../../support/process.ts';
import { hold } from '../../support/resources.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { ChangeTimes } from './change-times.ts';
import { FOLLOW, RECORD_BYTES, WRITE } from './floor-contract.ts';

export class Floor {
  readonly #writer: Client;
  readonly #pushed: ClientReadableStream<Buffer>;
  #revision = 0;

  private constructor(writer: Client, pushed: ClientReadableStream<Buffer>) {
    this.#writer = writer;
    this.#pushed = pushed;
  }

  static async start(nats: NatsServer): Promise<Floor> {
    const stream = `${nats.prefix}_FLOOR`;
    const writer = await startServer(['writer', nats.url, stream, tempDir('floor')]);
    const pusher = await startServer(['pusher', nats.url, stream]);
    const { path: method, requestSerialize, responseDeserialize } = FOLLOW;
    const pushed = pusher.makeServerStreamRequest(
      method,
      requestSerialize,
      responseDeserialize,
      Buffer.alloc(0),
    );
    await new Promise((resolve, reject) => {
      pushed.once('metadata', resolve);
      pushed.once('error', reject);
    });
    // The stream ends with its server.
    pushed.on('error', () => pushed.destroy());
    return new Floor(writer, pushed);
  }

  /** @throws Error when anything but this change arrives. */
  async change(): Promise<ChangeTimes> {
    const record = Buffer.alloc(RECORD_BYTES);
    const revision = ++this.#revision;
    record.writeUInt32BE(revision);
    const sentMs = performance.now();
    const [written, appliedMs] = await Promise.all([this.#write(record), this.#receive(revision)]);
    return {
      committedMs: written.committedUnixMs - performance.timeOrigin - sentMs,
      acknowledgedMs: written.acknowledgedMs - sentMs,
      appliedMs: appliedMs - sentMs,
    };
  }

  #write(record: Buffer): Promise<{ readonly committedUnixMs: number; readonly acknowledgedMs: number }> {
    const { path: method, requestSerialize, responseDeserialize } = WRITE;
    return new Promise((resolve, reject) => {
      this.#writer.makeUnaryRequest(
        method,
        requestSerialize,
        responseDeserialize,
        record,
        (error, answer) => {
          const acknowledgedMs = performance.now();
          if (error !== null || answer === undefined)
            reject(error ?? new Error('the floor answered nothing'));
          else resolve({ committedUnixMs: answer.readDoubleBE(), acknowledgedMs });
        },
      );
    });
  }

  #receive(revision: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#pushed.once('data', (record: Buffer) => {
        const nowMs = performance.now();
        const received = record.readUInt32BE();
        if (received === revision && record.length === RECORD_BYTES) resolve(nowMs);
        else reject(new Error(`the floor pushed change ${received} in place of ${revision}`));
      });
    });
  }
}

async function startServer(words: readonly string[]): Promise<Client> {
  const program = path.join(import.meta.dirname, 'floor-server.js');
  const server = new TestProcess(`floor ${words[0]}`, process.execPath, [program, ...words]);
  const { json } = await server.waitForLine((line) => line.json?.['port'] !== undefined);
  const client = new Client(`127.0.0.1:${json?.['port']}`, credentials.createInsecure());
  const close = (): void => client.close();
  hold({ what: `client of the floor's ${words[0]}`, release: close, releaseNow: close });
  return client;
}
