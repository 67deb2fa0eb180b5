import { once } from 'node:events';
import { connect } from 'node:net';
import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { fail } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { promised } from '../grpc/echo-host.fixture.ts';
import { endWithError } from '../grpc/end-stream.ts';
import { serverStream } from '../grpc/handler.ts';
import { Probe, type ProbeText, post, startProbe } from './connect.fixture.ts';

const TELL = '/test.Probe/Tell';
const JSON_STREAM = { 'content-type': 'application/connect+json' };

const envelope = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(5 + text.length);
  new DataView(bytes.buffer).setUint32(1, text.length);
  bytes.set(Buffer.from(text), 5);
  return bytes;
};

/** Flags and text of each envelope of a whole body. */
async function envelopes(response: Response): Promise<(readonly [number, string])[]> {
  const body = Buffer.from(await response.arrayBuffer());
  const found: (readonly [number, string])[] = [];
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at + 1);
    found.push([body[at]!, body.subarray(at + 5, at + 5 + length).toString()]);
    at += 5 + length;
  }
  return found;
}

interface TellClient {
  tell(request: object, options?: object): AsyncIterable<ProbeText>;
}

const clientOf = (port: number, httpVersion: '1.1' | '2' = '1.1'): TellClient =>
  createClient(
    Probe,
    createConnectTransport({ baseUrl: `http://127.0.0.1:${port}`, httpVersion }),
  ) as unknown as TellClient;

async function texts(stream: AsyncIterable<ProbeText>): Promise<string[]> {
  const all: string[] = [];
  for await (const { text } of stream) all.push(text);
  return all;
}

/** A stream that stays open until its caller leaves or somebody ends it. */
const standing = () => {
  const cancelled = promised<void>();
  return {
    cancelled: cancelled.promise,
    handlers: {
      tell: serverStream((_request, stream) => {
        stream.once('cancelled', () => cancelled.resolve());
        stream.write({ text: 'open' });
      }),
    },
  };
};

describe('a stream over Connect', () => {
  it('has an envelope for each message, and one that ends it', async () => {
    const { port } = await startProbe();
    const response = await post(port, TELL, envelope('{"text":"ab"}'), JSON_STREAM);
    expect(response.headers.get('content-type')).toBe('application/connect+json');
    const parts = await envelopes(response);
    expect(parts.map(([flags]) => flags)).toEqual([0, 0, 2]);
    expect(JSON.parse(parts[0]![1])).toEqual({ text: 'a', bigCount: '0', isOn: false });
    expect(parts[2]![1]).toBe('{}');
  });

  it.each([
    ['Connect', '1.1', createConnectTransport],
    ['Connect', '2', createConnectTransport],
    ['gRPC-Web', '1.1', createGrpcWebTransport],
    ['gRPC-Web', '2', createGrpcWebTransport],
  ] as const)('is read by the real client: %s over HTTP/%s', async (_name, httpVersion, transport) => {
    const { port } = await startProbe();
    const client = createClient(
      Probe,
      transport({ baseUrl: `http://127.0.0.1:${port}`, httpVersion }),
    ) as unknown as TellClient;
    expect(await texts(client.tell({ text: 'abc' }))).toEqual(['a', 'b', 'c']);
  });

  it('ends with the error of its handler, after what was written', async () => {
    const { port } = await startProbe({
      tell: serverStream((_request, stream) => {
        stream.write({ text: 'first' });
        endWithError(stream, fail('FLAG_NOT_FOUND', 'no flag "x"'));
      }),
    });
    const seen: string[] = [];
    const read = (async () => {
      for await (const { text } of clientOf(port).tell({})) seen.push(text);
    })();
    await expect(read).rejects.toMatchObject({ code: Code.NotFound, rawMessage: 'no flag "x"' });
    expect(seen).toEqual(['first']);
  });

  it('is cancelled when its caller leaves', async () => {
    const { handlers, cancelled } = standing();
    const { port, metrics } = await startProbe(handlers);
    const leave = new AbortController();
    const read = (async () => {
      for await (const _ of clientOf(port).tell({}, { signal: leave.signal })) leave.abort();
    })();
    await expect(read).rejects.toMatchObject({ code: Code.Canceled });
    await cancelled;
    const text = await metrics.text();
    expect(text).toContain('grpc_open_streams 0');
    expect(text).toMatch(/handled_total\{.*grpc_method="Tell",grpc_code="Cancelled"\} 1/);
  });

  it('ends at its deadline', async () => {
    const { handlers, cancelled } = standing();
    const { port } = await startProbe(handlers);
    await expect(texts(clientOf(port).tell({}, { timeoutMs: 50 }))).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
    await cancelled;
  });

  it.each(['1.1', '2'] as const)(
    'ends as unavailable when the process stops, over HTTP/%s',
    async (version) => {
      const { handlers } = standing();
      const { port, host } = await startProbe(handlers);
      const read = (async () => {
        for await (const _ of clientOf(port, version).tell({})) void host.drain(10_000);
      })();
      await expect(read).rejects.toMatchObject({ code: Code.Unavailable });
    },
  );

  it('ends when its key is no longer valid', async () => {
    const { handlers } = standing();
    let changed: () => void = () => undefined;
    const { port } = await startProbe(handlers, {
      standing: {
        check: () => fail('UNAUTHENTICATED', 'the key was revoked'),
        onChange: (listener) => {
          changed = listener;
          return () => undefined;
        },
      },
    });
    const read = (async () => {
      for await (const _ of clientOf(port).tell({})) changed();
    })();
    await expect(read).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it('is written no further than its reader reads', async () => {
    let taken = 0;
    let full = false;
    const text = 'x'.repeat(65_536);
    const { port } = await startProbe({
      tell: serverStream((_request, stream) => {
        const fill = (): void => {
          while (!stream.writableNeedDrain && !stream.destroyed)
            stream.write({ text }, () => {
              taken += 1;
            });
          full = stream.writableNeedDrain;
          stream.once('drain', fill);
        };
        fill();
      }),
    });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    const body = envelope('{}');
    socket.write(
      `POST ${TELL} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/connect+json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    let before = -1;
    await until(
      () => {
        const still = full && taken > 0 && taken === before;
        before = taken;
        return still;
      },
      { what: 'a stream that waits for its reader', intervalMs: 200 },
    );
    // What the kernel keeps for a connection on loopback, and what waits in the process.
    expect(taken).toBeLessThan(400);
    const stood = taken;
    socket.resume();
    await until(() => taken > stood, { what: 'a stream that goes on' });
    socket.destroy();
  });

  it('in both directions is refused with what to use instead', async () => {
    const { port } = await startProbe();
    const response = await post(port, '/test.Probe/Chat', envelope('{}'), JSON_STREAM);
    const [[flags, text] = [0, '']] = await envelopes(response);
    expect(flags).toBe(2);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'unimplemented' } });
    expect(text).toContain('use a gRPC client');
  });

  it('takes one message', async () => {
    const { port } = await startProbe();
    const two = Buffer.concat([envelope('{}'), envelope('{}')]);
    const parts = await envelopes(await post(port, TELL, new Uint8Array(two), JSON_STREAM));
    expect(parts[0]![1]).toContain('extra input message');
    const none = await envelopes(await post(port, TELL, new Uint8Array(0), JSON_STREAM));
    expect(none[0]![1]).toContain('missing input message');
  });

  it('bounds its message', async () => {
    const { port } = await startProbe({}, { maxRequestBytes: 100 });
    const parts = await envelopes(
      await post(port, TELL, envelope(JSON.stringify({ text: 'x'.repeat(200) })), JSON_STREAM),
    );
    expect(JSON.parse(parts[0]![1])).toMatchObject({ error: { code: 'resource_exhausted' } });
  });
});
