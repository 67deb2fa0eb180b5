import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { PromptTrailers } from './prompt-trailers.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

interface Answered {
  readonly trailers: IncomingHttpHeaders;
  readonly rstCode: number;
}

/** Calls that are answered with a message of so many bytes, and then as `end` says. */
async function calling(
  bytes: number,
  end: (stream: ServerHttp2Stream) => void,
): Promise<() => Promise<Answered>> {
  const server = createServer();
  opened.push(() => server.close());
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.once('wantTrailers', () => end(stream));
    stream.end(Buffer.alloc(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.push(() => session.destroy());
  return () =>
    new Promise((resolve, reject) => {
      const call = session.request({ ':path': '/' });
      let trailers: IncomingHttpHeaders = {};
      call.on('trailers', (received) => {
        trailers = received;
      });
      call.on('error', reject);
      call.on('close', () => resolve({ trailers, rstCode: call.rstCode! })).resume();
    });
}

const OK = { 'grpc-status': 0, 'grpc-message': '' };
const WHOLE = {
  trailers: expect.objectContaining({ 'grpc-status': '0', 'grpc-message': '' }),
  rstCode: constants.NGHTTP2_NO_ERROR,
};

describe('trailers that are the same in each call', () => {
  it.each([0, 30, 500_000])(
    'end it as Node ends it, the first call and all others, %d bytes',
    async (bytes) => {
      const prompt = new PromptTrailers(OK);
      const call = await calling(bytes, (stream) => prompt.send(stream));
      expect(await call()).toEqual(WHOLE);
      expect(await Promise.all(Array.from({ length: 20 }, call))).toEqual(Array(20).fill(WHOLE));
    },
  );

  it('are gone when the turn of the loop is over, but for those of the first call', async () => {
    const prompt = new PromptTrailers(OK);
    const gone: boolean[] = [];
    const call = await calling(30, (stream) => {
      prompt.send(stream);
      process.nextTick(() => gone.push(stream.closed));
    });
    for (let round = 0; round < 3; round++) await call();
    expect(gone).toEqual([false, true, true]);
  });

  it('are sent in the usual way where Node has changed inside', async () => {
    const prompt = new PromptTrailers(OK);
    const call = await calling(30, (stream) => prompt.send(withoutSymbols(stream)));
    for (let round = 0; round < 3; round++) expect(await call()).toEqual(WHOLE);
  });
});

/** What it keeps behind symbols is still there, and cannot be found any more. */
function withoutSymbols(stream: ServerHttp2Stream): ServerHttp2Stream {
  return new Proxy(stream, { ownKeys: (inside) => Object.getOwnPropertyNames(inside) });
}
