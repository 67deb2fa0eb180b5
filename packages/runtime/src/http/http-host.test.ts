import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createLogger } from '../log/logger.ts';
import { HttpHost } from './http-host.ts';

it('answers what comes with the beginning of a stop', async () => {
  const host = new HttpHost({
    listener: 'test',
    purpose: 'test',
    logger: createLogger({ level: 'silent', service: 'test', version: '0', nodeId: 'n' }),
    answer: ({ url }, response) => response.end(url),
    words: (_status, details) => JSON.stringify(details),
  });
  const { port } = await host.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  let said = '';
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  socket.write('GET /early HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'data');
  socket.write('GET /late HTTP/1.1\r\nhost: x\r\n\r\n');
  const ended = once(socket, 'close');
  await host.drain(10_000);
  await ended;
  expect(said).toMatch(/early.*late/s);
});
