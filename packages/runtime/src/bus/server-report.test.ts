/** A server in words of the NATS protocol: one of our streams, in as many replicas as told. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { logStreamName } from '@flagstream/protocol';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { connectBus } from './nats-bus.ts';

const STREAM = logStreamName('p', 1);
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function answerTo(subject: string, replicas: number): object {
  const type = 'io.nats.jetstream.api.v1.stream_names_response';
  const names = { type, total: 1, offset: 0, limit: 1024, streams: [STREAM] };
  const info = { config: { name: STREAM, num_replicas: replicas }, state: {}, created: new Date(0) };
  return subject.startsWith('$JS.API.STREAM.NAMES') ? names : info;
}

/** Takes what a client says, line by line; payloads are short JSON without line ends. */
function serve(socket: Socket, version: string, answer: (subject: string) => object): void {
  const greeting = { version, server_id: 's', max_payload: 1_048_576, headers: true };
  socket.write(`INFO ${JSON.stringify(greeting)}\r\n`);
  let rest = '';
  let sid = '';
  socket.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const [verb, subject, reply, queued] of lines.map((line) => line.split(' '))) {
      if (verb === 'PING') socket.write('PONG\r\n');
      else if (verb === 'SUB') sid = queued ?? reply ?? '';
      else if (verb === 'PUB') {
        const bytes = JSON.stringify(answer(subject ?? ''));
        socket.write(`MSG ${reply} ${sid} ${bytes.length}\r\n${bytes}\r\n`);
      }
    }
  });
  socket.on('error', () => socket.destroy());
}

/** What a bus logs of such a server, when it connects for the second time as well. */
async function logged(version: string, replicas: number): Promise<string[]> {
  const lines: string[] = [];
  const open = new Set<Socket>();
  /** Times that somebody asked for our stream: each report does, and each look of ours. */
  let asked = 0;
  const server = createServer((socket) => {
    open.add(socket);
    serve(socket, version, (subject) => {
      if (subject.startsWith('$JS.API.STREAM.INFO')) asked += 1;
      return answerTo(subject, replicas);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const write = (line: string): void => {
    const { level, alarm, check } = JSON.parse(line) as Record<string, unknown>;
    if (check !== undefined) lines.push([level, check, alarm].filter((word) => word !== undefined).join(' '));
  };
  const bus = await connectBus({
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    prefix: 'p',
    name: 'test',
    logger: pino({ level: 'info' }, { write }),
  });
  closing.push(
    () => server.close(),
    () => bus.close(),
  );
  const told = async (reports: number): Promise<string[]> => {
    await until(() => bus.connected && asked >= reports, { what: 'the report to have asked' });
    // Answered after it.
    await bus.logStreamInfo(1);
    return lines.splice(0);
  };
  const first = await told(1);
  for (const socket of open) socket.destroy();
  expect(await told(3)).toEqual(first);
  return first;
}

it.each([
  ['2.8.4', 1, ['50 version NATS_UNSAFE']],
  ['2.9.10', 1, ['40 version']],
  ['2.10.26', 3, ['50 replicas NATS_UNSAFE']],
  ['2.10.27', 3, []],
])('%s with %i replicas is told of at each connection', async (version, replicas, told) => {
  expect(await logged(version, replicas)).toEqual(told);
});
