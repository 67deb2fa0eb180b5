// The floor of a request over HTTP/1.1 on this stack: node:http and nothing else, which reads a JSON body and answers one
// constant document, encoded anew for each request. Prints {"port":N} when it listens.
//
// `node bare-http-server.js VALUE_JSON`

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';

const answer: unknown = JSON.parse(process.argv[2] ?? '{}');

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString());
    const body = Buffer.from(JSON.stringify(answer));
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
});
