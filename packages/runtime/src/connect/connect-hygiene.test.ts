import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { opened, promised } from '../grpc/echo-host.fixture.ts';
import { unary } from '../grpc/handler.ts';
import { everything } from '../http/raw-connection.fixture.ts';
import { post, startProbe } from './connect.fixture.ts';

const SAY = '/test.Probe/Say';

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  opened.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
};

const request = (body: string, headers = ''): string =>
  `POST ${SAY} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;

describe('a connection over HTTP/1.1', () => {
  it('has its answers in order, and a number of requests at once', async () => {
    const go = promised<void>();
    let asked = 0;
    const { port } = await startProbe({
      say: unary(async (text) => {
        asked += 1;
        await go.promise;
        return text;
      }),
    });
    const within = await open(port);
    within.write(request('{}').repeat(LIMITS.httpPipelinedMax));
    await until(() => asked === LIMITS.httpPipelinedMax, { what: 'as many calls as may wait' });
    const beyond = await open(port);
    const cut = everything(beyond);
    beyond.write(request('{}').repeat(LIMITS.httpPipelinedMax + 1));
    expect(await cut).toBe('');
    const answers = promised<void>();
    let text = '';
    within.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('200 OK').length > LIMITS.httpPipelinedMax) answers.resolve();
    });
    go.resolve();
    await answers.promise;
  });

  it('has its request answered that comes with the beginning of a stop, and ends with the answer', async () => {
    const { port, host } = await startProbe();
    const socket = await open(port);
    socket.write(request('{}'));
    await once(socket, 'data');
    const rest = everything(socket);
    socket.write(request('{"text":"late"}'));
    await host.drain(10_000);
    const text = await rest;
    expect(text).toMatch(/^connection: close\r$/im);
    expect(text).toContain('late');
  });

  it('is kept for the next request after a refusal that read nothing', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(request('{}', 'origin: https://evil.example\r\n'));
    socket.write(request('{}', 'connection: close\r\n'));
    expect((await text).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
  });

  it('is kept for the next request after an answer that read only the beginning of a body', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    const body = '\0'.repeat(300_000);
    socket.write(
      `POST /test.Probe/Chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/connect+proto\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.write(request('{}', 'connection: close\r\n'));
    const answers = await text;
    expect(answers).toContain('unimplemented');
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });

  it('ends after a refusal where a long body would follow', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(
      `POST ${SAY} HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\ncontent-length: 100000\r\n\r\n`,
    );
    expect(await text).toMatch(/^HTTP\/1\.1 403 .*connection: close/is);
  });

  const CHUNKED = `POST ${SAY} HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\ntransfer-encoding: chunked\r\n\r\n`;

  it('stays after a refusal until a body in chunks has been sent, and is kept', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const refused = once(socket, 'data') as Promise<[Buffer]>;
    socket.write(CHUNKED);
    expect((await refused).toString()).toMatch(/^HTTP\/1\.1 403 /);
    const text = everything(socket);
    socket.write('2\r\n{}\r\n0\r\n\r\n');
    socket.write(request('{}', 'connection: close\r\n'));
    expect(await text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is cut after a refusal when a body in chunks does not end soon', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(`${CHUNKED}186a0\r\n${'.'.repeat(100_000)}\r\n`);
    expect(await text).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('whose caller leaves in the middle of a body costs nothing', async () => {
    const { port, metrics } = await startProbe();
    const socket = await open(port);
    socket.write(
      `POST ${SAY} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
    );
    await until(async () => (await metrics.text()).includes('grpc_connections 1'), { what: 'a connection' });
    socket.destroy();
    await until(async () => (await metrics.text()).includes('grpc_connections 0'), { what: 'its end' });
    expect((await post(port, SAY, '{}')).status).toBe(200);
  });

  it('may name the whole address of its method, as through a proxy', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(
      `GET http://localhost:${port}${SAY}?message=%7B%22text%22:%22hi%22%7D HTTP/1.1\r\nhost: elsewhere\r\n\r\n`,
    );
    socket.write(
      request('{"text":"ho"}', 'connection: close\r\n').replace(SAY, `http://localhost:${port}${SAY}`),
    );
    expect(await text).toMatch(/200 OK.*"text":"hi".*200 OK.*"text":"ho"/s);
  });

  it('that names the address of another machine is no call of a page that was made to point here', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(request('{}', 'connection: close\r\n').replace(SAY, `http://evil.example:${port}${SAY}`));
    expect(await text).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('that is none is refused as the protocol writes errors', async () => {
    const { port } = await startProbe();
    const said = async (sent: string): Promise<string> => {
      const socket = await open(port);
      const text = everything(socket);
      socket.write(sent);
      return text;
    };
    expect(await said(`POST ${SAY} HTTP/1.1\r\n\r\n`)).toMatch(/ 400 .*"code":"invalid_argument"/s);
    expect(await said(`POST ${SAY} HTTP/1.1\r\nhost x\r\n\r\n`)).toMatch(/ 400 .*"code":"invalid_argument"/s);
    expect(await said(request('{}', 'expect: wonders\r\n'))).toMatch(/ 417 .*"code":"invalid_argument"/s);
    expect(await said(request('{}', `x: ${'x'.repeat(20_000)}\r\n`))).toMatch(
      / 431 .*"code":"resource_exhausted"/s,
    );
  });

  it('without a host is refused', async () => {
    const { port } = await startProbe();
    const socket = await open(port);
    const text = everything(socket);
    socket.write(`POST ${SAY} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
    expect(await text).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a request that does not arrive', () => {
  it('is given up in the words of its protocol', async () => {
    let nowMs = 0;
    const { port } = await startProbe({}, { monotonicMs: () => nowMs });
    const socket = await open(port);
    const text = everything(socket);
    socket.write(
      `POST ${SAY} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{`,
    );
    await until(
      () => {
        nowMs += LIMITS.requestArrivalMs;
        return socket.bytesRead > 0;
      },
      { what: 'an answer' },
    );
    expect(await text).toMatch(/^HTTP\/1\.1 504 .*deadline_exceeded.*did not arrive/s);
  });
});
