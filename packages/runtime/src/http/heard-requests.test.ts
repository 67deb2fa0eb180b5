import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { HTTP_TIMEOUTS } from './injected-http-server.ts';
import { everything, rawConnection } from './raw-connection.fixture.ts';

const target: RequestListener = ({ url, headers }, response) =>
  response.end(JSON.stringify({ url, host: headers.host }));

const start = (answer: RequestListener = target, { headersMs } = HTTP_TIMEOUTS): Promise<Socket> =>
  rawConnection(answer, { ...HTTP_TIMEOUTS, headersMs, checkMs: 10 });

const bodyOf = (text: string): unknown => JSON.parse(text.slice(text.indexOf('\r\n\r\n')));

describe('an absolute address', () => {
  it.each([
    ['http://there:8013/a/b?c=d', '/a/b?c=d', 'there:8013'],
    ['HTTPS://There/a', '/a', 'There'],
    ['http://there', '/', 'there'],
    ['http://there?c=d', '/?c=d', 'there'],
    ['http://user@there/a', '/a', 'there'],
    ['http://[::1]:80/a', '/a', '[::1]:80'],
    ['/http://there/a', '/http://there/a', 'here'],
  ])('is read as its path, and its host counts: %s', async (asked, url, host) => {
    const socket = await start();
    socket.write(`GET ${asked} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n`);
    expect(bodyOf(await everything(socket))).toEqual({ url, host });
  });
});

describe('what Node would refuse without a word', () => {
  it.each([
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'names no host'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400, 'more than one host'],
    ['no host beside an absolute address', 'GET http://x/ HTTP/1.1\r\n\r\n', 400, 'names no host'],
    ['another expectation', 'GET / HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\n\r\n', 417, '100-continue'],
    ['no request line', 'GET\r\n\r\n', 400, 'no request of HTTP/1.1'],
    ['no header line', 'GET / HTTP/1.1\r\nhost x\r\n\r\n', 400, 'no request of HTTP/1.1'],
    [
      'headers that are too long',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      `${LIMITS.httpHeaderBytesMax} bytes`,
    ],
  ])(
    'is refused in the words of the listener, and loses the connection: %s',
    async (_, sent, status, said) => {
      const socket = await start();
      socket.write(sent);
      const text = await everything(socket);
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(text).toMatch(/^connection: close\r$/im);
      expect(bodyOf(text)).toEqual({ status, details: expect.stringContaining(said) as string });
    },
  );

  it('is so where headers do not end', async () => {
    const socket = await start(target, { ...HTTP_TIMEOUTS, headersMs: 20 });
    socket.write('GET / HTTP/1.1\r\nx: ');
    expect(bodyOf(await everything(socket))).toMatchObject({ status: 408 });
  });

  it('loses the connection also where its peer goes on and never ends', async () => {
    const socket = await start();
    socket.write('GET\r\n\r\n');
    const text = everything(socket);
    socket.write('more of it\r\n\r\n');
    expect(await text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('cuts an answer that is on its way, and puts nothing into it', async () => {
    const socket = await start((_, response) => void response.write('begun'));
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'data');
    const rest = everything(socket);
    socket.write('no request\r\n\r\n');
    expect(await rest).toBe('');
  });

  it('is served where nothing is missing: HTTP/1.0, 100-continue', async () => {
    const old = await start();
    old.write('GET /old HTTP/1.0\r\n\r\n');
    expect(bodyOf(await everything(old))).toMatchObject({ url: '/old' });
    const waiting = await start((request, response) => void request.resume().on('end', () => response.end()));
    waiting.write('PUT / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n');
    expect(String(await once(waiting, 'data'))).toMatch(/^HTTP\/1\.1 100 /);
    waiting.write('x');
    expect(String(await once(waiting, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
  });
});
