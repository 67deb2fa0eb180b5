import { fail } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { promised } from '../grpc/echo-host.fixture.ts';
import { endWithError } from '../grpc/end-stream.ts';
import { serverStream } from '../grpc/handler.ts';
import { post, startProbe } from './connect.fixture.ts';

const TELL = '/test.Probe/Tell';
const EVENTS = { accept: 'text/event-stream' };

const get = (port: number, query: string, headers: Readonly<Record<string, string>> = EVENTS) =>
  fetch(`http://127.0.0.1:${port}${TELL}${query}`, { headers });

const message = (value: object): string => `?message=${encodeURIComponent(JSON.stringify(value))}`;

describe('a stream as server-sent events', () => {
  it('answers a GET with the JSON of each message', async () => {
    const { port } = await startProbe();
    const response = await get(port, message({ text: 'ab' }));
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(
      'data: {"text":"a","bigCount":"0","isOn":false}\n\n' +
        'data: {"text":"b","bigCount":"0","isOn":false}\n\n' +
        'event: end\ndata: {}\n\n',
    );
  });

  it('answers a POST, and a GET that says nothing', async () => {
    const { port } = await startProbe();
    expect(await (await post(port, TELL, '{"text":"a"}', EVENTS)).text()).toContain('"text":"a"');
    expect(await (await get(port, '')).text()).toBe('event: end\ndata: {}\n\n');
  });

  it('tells an error as the Connect protocol writes it', async () => {
    const { port } = await startProbe({
      tell: serverStream((_request, stream) => {
        stream.write({ text: 'first' });
        endWithError(stream, fail('FLAG_NOT_FOUND', 'no flag'));
      }),
    });
    const [, event = ''] = (await (await get(port, '')).text()).split('\n\n');
    expect(event).toMatch(/^event: error\ndata: \{"code":"not_found","message":"no flag","details":\[/);
  });

  it('is refused with an HTTP status before it begins', async () => {
    const refusal = (error: Error) =>
      startProbe({
        tell: serverStream(() => {
          throw error;
        }),
      });
    const { port } = await refusal(fail('UNAUTHENTICATED', 'no key'));
    const response = await get(port, '');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    const late = await refusal(fail('OVERLOADED', 'later', { retryAfterMs: 1_500 }));
    expect((await get(late.port, '')).headers.get('retry-after')).toBe('2');
  });

  it('says what is wrong with its message', async () => {
    const { port } = await startProbe();
    expect((await get(port, '?message=%7B')).status).toBe(400);
    expect((await post(port, TELL, 'x', { ...EVENTS, 'content-type': 'text/plain' })).status).toBe(415);
    expect((await get(port, '', {})).status).toBe(405);
    const large = `?message=${encodeURIComponent(JSON.stringify({ text: 'x'.repeat(5_000) }))}`;
    const { port: small } = await startProbe({}, { maxRequestBytes: 1_000 });
    expect((await get(small, large)).status).toBe(429);
  });

  it('is cancelled when its reader leaves', async () => {
    const cancelled = promised<void>();
    const { port } = await startProbe({
      tell: serverStream((_request, stream) => {
        stream.once('cancelled', () => cancelled.resolve());
        stream.write({ text: 'open' });
      }),
    });
    const response = await get(port, '');
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await cancelled.promise;
  });

  it('ends at its deadline', async () => {
    const { port } = await startProbe({ tell: serverStream(() => undefined) });
    const response = await get(port, '', { ...EVENTS, 'connect-timeout-ms': '30' });
    expect(response.status).toBe(504);
  });

  it('ends as unavailable when the process stops', async () => {
    const { port, host } = await startProbe({
      tell: serverStream((_request, stream) => void stream.write({ text: 'open' })),
    });
    const response = await get(port, '');
    const reader = response.body!.getReader();
    let text = Buffer.from((await reader.read()).value!).toString();
    const drained = host.drain(10_000);
    for (let part = await reader.read(); !part.done; part = await reader.read())
      text += Buffer.from(part.value).toString();
    expect(text).toContain('event: error\ndata: {"code":"unavailable"');
    await drained;
  });
});
