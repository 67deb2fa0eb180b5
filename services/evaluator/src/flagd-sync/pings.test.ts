import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { FlagSyncServiceService } from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { expect, it } from 'vitest';
import { closing, start } from '../evaluator.fixture.ts';
import { shopLog } from '../log.fixture.ts';

/** What a client that pings every 30 seconds sends in half an hour. gRPC's own servers bear two. */
const PINGS = 60;

async function session(): Promise<{ session: ClientHttp2Session; farewells: number[] }> {
  const { evaluator } = await start(shopLog(), {}, { syncPort: 0 });
  await evaluator.ready();
  const opened = closing(connect(`http://127.0.0.1:${evaluator.syncPort}`), (each) => each.destroy());
  const farewells: number[] = [];
  opened.on('goaway', (code) => farewells.push(code));
  await once(opened, 'connect');
  return { session: opened, farewells };
}

/** One after the other, each when the last one was answered. */
async function pings(on: ClientHttp2Session): Promise<number> {
  let answered = 0;
  for (let sent = 0; sent < PINGS; sent++) {
    await new Promise<void>((resolve, reject) => {
      on.ping((error) => (error === null ? resolve() : reject(error)));
    });
    answered++;
  }
  return answered;
}

it('answers pings without a stream, and sends no client away for them', async () => {
  const { session: idle, farewells } = await session();
  expect(await pings(idle)).toBe(PINGS);
  expect(farewells).toEqual([]);
  expect(idle.closed).toBe(false);
});

it('answers pings beside a stream on which nothing happens, and goes on with it', async () => {
  const { session: busy, farewells } = await session();
  const stream = busy.request({
    ':method': 'POST',
    ':path': FlagSyncServiceService.syncFlags.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.end(Buffer.alloc(5));
  await once(stream, 'data');
  expect(await pings(busy)).toBe(PINGS);
  expect(farewells).toEqual([]);
  expect(stream.closed).toBe(false);
});
