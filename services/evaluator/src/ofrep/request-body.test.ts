import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '@flagstream/protocol';
import { expect, it } from 'vitest';
import { closing } from '../evaluator.fixture.ts';
import { HeldBytes, RequestHold } from './held-bytes.ts';
import { refusalOf } from './refusal.ts';
import { readBody } from './request-body.ts';

it('ofrepHeldBytesMax is room for many of the largest requests and answers', () => {
  const { ofrepHeldBytesMax, ofrepRequestBytesMax, ofrepAnswerBytesMax } = LIMITS;
  expect(ofrepHeldBytesMax).toBeGreaterThan(10 * (ofrepRequestBytesMax + ofrepAnswerBytesMax));
});

it('a request for which there is no room is told to come back, and what it held is given back', async () => {
  const held = new HeldBytes(10);
  const server = createServer(async (request, response) => {
    const hold = new RequestHold(held);
    response.once('close', () => hold.release());
    try {
      const body = await readBody(request, hold);
      response.end(`${body} ${held.bytes}`);
    } catch (error) {
      const { status, retryAfterSeconds } = refusalOf(error)!;
      response.writeHead(status, { 'retry-after': String(retryAfterSeconds) }).end();
    }
  }).listen(0, '127.0.0.1');
  closing(server, () => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const post = (body: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}`, { method: 'POST', body });
  expect(await (await post('0123456789')).text()).toBe('0123456789 10');
  const refused = await post('0123456789a');
  expect({ status: refused.status, retry: refused.headers.get('retry-after') }).toEqual({
    status: 429,
    retry: '1',
  });
  expect(await (await post('01234')).text()).toBe('01234 5');
});
