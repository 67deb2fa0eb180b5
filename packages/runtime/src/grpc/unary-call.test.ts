import type { ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  codec,
  echo,
  framedText,
  promised,
  rawCall,
  rawSession,
  say,
  start,
  type Text,
} from './echo-host.fixture.ts';
import { unary } from './handler.ts';

/** A call whose body is so many requests, of which the peer takes as many bytes at a time. */
async function asked(requests: number, text: string, windowBytes = 65_535): Promise<ClientHttp2Stream> {
  const { port } = await start();
  const call = rawCall(rawSession(port, { settings: { initialWindowSize: windowBytes } }), 'Say');
  call.end(Buffer.concat(Array(requests).fill(framedText(text))));
  return call;
}

/** Its status, wherever that stands. */
function ended(call: ClientHttp2Stream): Promise<number> {
  return new Promise((resolve) => {
    const look = (headers: { readonly 'grpc-status'?: unknown }): void => {
      if (headers['grpc-status'] !== undefined) resolve(Number(headers['grpc-status']));
    };
    call.once('response', look).once('trailers', look);
  });
}

describe('a unary call', () => {
  it('is refused without a request, and with two', async () => {
    for (const requests of [0, 2]) {
      const call = await asked(requests, 'hello');
      const code = ended(call);
      call.resume();
      expect(await code).toBe(status.UNIMPLEMENTED);
    }
  });

  it('is answered whole, and ends then, where its peer takes little at a time', async () => {
    const text = 'long '.repeat(20_000);
    const call = await asked(1, text, 1_000);
    const code = ended(call);
    const parts: Buffer[] = [];
    for await (const part of call) parts.push(part as Buffer);
    expect(codec.deserialize(Buffer.concat(parts).subarray(5))).toEqual({ text });
    expect(await code).toBe(status.OK);
  });

  it('tells its handler that it is over once it is answered', async () => {
    const over = promised<void>();
    const handler = unary<Text, Text>(({ text }, { signal }) => {
      signal.addEventListener('abort', () => over.resolve());
      expect(signal.aborted).toBe(false);
      return { text };
    });
    const { client } = await start([{ ...echo, handlers: { ...echo.handlers, say: handler } }]);
    expect(await say(client, 'hello')).toEqual({ text: 'hello' });
    await over.promise;
  });
});
