import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startProbe } from './connect.fixture.ts';
import { CrossOrigin, LOCAL_ORIGINS, ORIGIN_PATTERN } from './cross-origin.ts';

const SAY = '/test.Probe/Say';

/** fetch would not send such headers. */
function ask(
  port: number,
  method: string,
  headers: Readonly<Record<string, string>>,
  path = SAY,
): Promise<{ status: number | undefined; headers: Readonly<Record<string, unknown>>; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end(method === 'POST' ? '{"text":"hi"}' : undefined);
  });
}

const JSON_BODY = { 'content-type': 'application/json' };

describe('origins', () => {
  it.each([
    [LOCAL_ORIGINS, 'http://localhost:5173', true],
    [LOCAL_ORIGINS, 'http://localhost', true],
    [LOCAL_ORIGINS, 'http://127.0.0.1:3000', true],
    [LOCAL_ORIGINS, 'http://[::1]:3000', true],
    [LOCAL_ORIGINS, 'http://app.localhost:3000', true],
    [LOCAL_ORIGINS, 'http://evil.examplelocalhost', false],
    [LOCAL_ORIGINS, 'http://localhost.evil.example', false],
    [LOCAL_ORIGINS, 'https://example.com', false],
    [LOCAL_ORIGINS, 'null', false],
    [['https://app.example.com'], 'https://APP.example.com', true],
    [['https://app.example.com'], 'https://app.example.com:8443', false],
    [['*'], 'null', true],
    [[], 'http://localhost', false],
  ])('%j allow %s: %s', (origins, origin, allowed) => {
    expect(new CrossOrigin(origins).allows(origin)).toBe(allowed);
  });

  it.each([
    ['*', true],
    ['https://a.example', true],
    ['http://[::1]:*', true],
    ['https://a.example/path', false],
    ['a.example', false],
    ['https://*.example', false],
  ])('are written like %s: %s', (text, taken) => {
    expect(ORIGIN_PATTERN.test(text)).toBe(taken);
  });
});

describe('a page of a browser', () => {
  it('may call from this machine, and read errors and when to come back', async () => {
    const { port } = await startProbe();
    const origin = 'http://localhost:5173';
    const preflight = await ask(port, 'OPTIONS', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'connect-protocol-version,content-type,flagd-selector',
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'connect-protocol-version,content-type,flagd-selector',
      vary: 'Origin',
    });
    const answer = await ask(port, 'POST', { ...JSON_BODY, origin });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-expose-headers']).toMatch(/Grpc-Status.*Retry-After/);
  });

  it('of a foreign origin may not call, nor ask whether', async () => {
    const { port } = await startProbe();
    const origin = 'https://evil.example';
    for (const method of ['OPTIONS', 'POST', 'GET']) {
      const { status, headers, body } = await ask(port, method, {
        ...JSON_BODY,
        origin,
        'access-control-request-method': 'POST',
      });
      expect(status).toBe(403);
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(body).toContain('corsOrigins');
    }
  });

  it('may call from everywhere where that is set', async () => {
    const { port } = await startProbe({}, { corsOrigins: ['*'] });
    const { status, headers } = await ask(port, 'POST', { ...JSON_BODY, origin: 'https://any.example' });
    expect([status, headers['access-control-allow-origin']]).toEqual([200, '*']);
  });

  it('whose name was made to point here reads nothing without a key', async () => {
    const { port } = await startProbe();
    const url = `${SAY}?message=%7B%7D`;
    const host = `evil.example:${port}`;
    expect((await ask(port, 'GET', { host }, url)).status).toBe(403);
    expect((await ask(port, 'GET', { host, authorization: 'Bearer k' }, url)).status).toBe(200);
    expect((await ask(port, 'GET', { host: `localhost:${port}` }, url)).status).toBe(200);
    const named = await startProbe({}, { corsOrigins: ['https://flags.example'] });
    expect((await ask(named.port, 'GET', { host: 'flags.example' }, url)).status).toBe(200);
  });
});
