import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { type Started, start } from '../evaluator.fixture.ts';
import { MemoryLog } from '../log.fixture.ts';
import { ask, askFlag, askFlags, variousLog } from './ofrep.fixture.ts';

const _SET = { flagSetId: 'default/development' };
const FLAGS = '/ofrep/v1/evaluate/flags';

/** What comes back on a connection of its own until it ends. */
async function raw({ evaluator }: Started, sent: string): Promise<string> {
  const socket = connect(evaluator.ofrepPort, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const started = (): Promise<Started> => start(variousLog());

describe('a request', () => {
  it.each([
    ['GET', `${FLAGS}/new-checkout`, 405, 'POST, OPTIONS'],
    ['PUT', FLAGS, 405, 'POST, OPTIONS'],
    ['POST', '/ofrep/v1/sse', 405, 'GET, OPTIONS'],
    ['GET', '/', 404, undefined],
    ['POST', '/ofrep/v1/evaluate', 404, undefined],
    ['POST', '/ofrep/v1/evaluate/flagsx', 404, undefined],
  ])('%s %s is answered with %d and JSON', async (method, path, status, allow) => {
    const reply = await ask(await started(), { method, path });
    expect({ status: reply.status, allow: reply.headers.allow }).toEqual({ status, allow });
    expect(reply.body).toMatchObject({ errorDetails: expect.any(String), metadata: {} });
  });

  it('has a body of ofrepRequestBytesMax at most, whether or not it says so beforehand', async () => {
    const evaluator = await started();
    const path = `${FLAGS}/new-checkout`;
    const bodyOf = (bytes: number): string => `{"context":{}}`.padEnd(bytes, ' ');
    const whole = await ask(evaluator, { path, body: bodyOf(LIMITS.ofrepRequestBytesMax) });
    expect(whole.status).toBe(200);
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const { status, body } = await ask(evaluator, {
        path,
        body: bodyOf(LIMITS.ofrepRequestBytesMax + 1),
        headers,
      });
      expect({ status, details: body.errorDetails }).toEqual({
        status: 413,
        details: expect.stringContaining(String(LIMITS.ofrepRequestBytesMax)),
      });
    }
  });

  it('whose body is compressed is refused: what it would become is not bounded', async () => {
    const { status, headers, body } = await ask(await started(), {
      headers: { 'content-encoding': 'gzip' },
      body: 'x',
    });
    expect({ status, body }).toMatchObject({ status: 415, body: { metadata: {} } });
    expect(headers['accept-encoding']).toBe('identity');
  });

  it.each(['identity', 'Identity', ''])('may say that its body is as it is: "%s"', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    expect((await askFlag(await started(), 'new-checkout', {}, headers)).status).toBe(200);
  });

  it('that asks for HTTP/2 is answered as it came, as Java sends it', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
    };
    expect((await askFlag(await started(), 'new-checkout', { a: 1 }, headers)).body).toMatchObject({
      value: true,
    });
  });

  it.each([
    ['a header that is none', 'host x', 400],
    ['no host', 'x: y', 400],
    ['another expectation', 'host: x\r\nexpect: wonders', 417],
    ['headers that are too long', `host: x\r\nx: ${'x'.repeat(20_000)}`, 431],
  ])('that nobody could read gets JSON as well: %s', async (_, headers, status) => {
    const text = await raw(await started(), `POST ${FLAGS} HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      errorCode: 'GENERAL',
      errorDetails: expect.any(String) as string,
      metadata: {},
    });
  });

  it('may name the whole address of a flag, as through a proxy', async () => {
    const asked = `POST http://localhost${FLAGS}/new-checkout HTTP/1.1\r\nhost: elsewhere\r\n`;
    const text = await raw(await started(), `${asked}content-length: 0\r\nconnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 .*"key":"new-checkout"/s);
  });

  it('before the first state is told when to come back', async () => {
    const log = new MemoryLog();
    log.records.splice(0);
    const evaluator = await start(log, { monotonicMs: () => 0 });
    for (const reply of [await askFlag(evaluator, 'x'), await askFlags(evaluator)]) {
      expect({ status: reply.status, retry: reply.headers['retry-after'] }).toEqual({
        status: 503,
        retry: '1',
      });
      expect(reply.body).toMatchObject({ errorCode: 'GENERAL', metadata: {} });
    }
  });

  it('of an environment that is not there is not found', async () => {
    const evaluator = await started();
    const reply = await askFlag(evaluator, 'x', {}, { 'flagstream-environment': 'nowhere' });
    expect(reply.status).toBe(404);
    expect(reply.body.errorDetails).toContain('nowhere');
    const all = await askFlags(evaluator, {}, { 'flagstream-environment': 'nowhere' });
    expect(all.status).toBe(404);
  });

  it('is counted by route and status', async () => {
    const evaluator = await started();
    await askFlag(evaluator, 'new-checkout');
    await askFlag(evaluator, 'nothing');
    await askFlags(evaluator);
    await ask(evaluator, { path: '/x' });
    const scraped = await (
      await fetch(`http://127.0.0.1:${evaluator.evaluator.managementPort}/metrics`)
    ).text();
    for (const line of [
      'flagstream_ofrep_requests_total{route="flag",status="200"} 1',
      'flagstream_ofrep_requests_total{route="flag",status="404"} 1',
      'flagstream_ofrep_requests_total{route="flags",status="200"} 1',
      'flagstream_ofrep_requests_total{route="none",status="404"} 1',
      'flagstream_ofrep_request_seconds_count{route="flag"} 2',
      'flagstream_ofrep_held_bytes 0',
    ])
      expect(scraped).toContain(line);
  });
});
