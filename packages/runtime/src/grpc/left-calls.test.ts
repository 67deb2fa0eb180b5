import { connect as connectSocket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { framedText, opened, rawCall, rawSession, say, start } from './echo-host.fixture.ts';

/** HEADERS of a call of this path and content type, as HPACK literals. */
function callOf(streamId: number, path: string, contentType: string): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  const headers = {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'x',
    ':path': path,
    'content-type': contentType,
  };
  const block = Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]),
  );
  return frame(1, 4, streamId, block);
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

it('calls that are refused and were reset in the same packet end nothing else', async () => {
  const uncaught = vi.fn();
  process.on('uncaughtException', uncaught);
  opened.push(() => process.off('uncaughtException', uncaught));
  const { port, client, logs } = await start();
  const socket = connectSocket({ port, host: '127.0.0.1' });
  opened.push(() => socket.destroy());
  const answered = new Promise((resolve) => socket.once('data', resolve));
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 0, Buffer.alloc(0)),
      ...Array.from({ length: 10 }, (_, index) => {
        const id = 2 * index + 1;
        const call =
          index % 2 === 0
            ? callOf(id, '/test.Echo/Nothing', 'application/grpc')
            : callOf(id, '/test.Echo/Say', 'text/html');
        return Buffer.concat([call, frame(3, 0, id, Buffer.of(0, 0, 0, 8))]);
      }),
    ]),
  );
  await answered;
  expect(await say(client, 'still there')).toEqual({ text: 'still there' });
  expect(uncaught).not.toHaveBeenCalled();
  expect(logs.filter(({ level }) => level === 'error' || Number(level) >= 50)).toEqual([]);
});

it('a header that gRPC does not allow is not printed', async () => {
  const printed = vi.spyOn(console, 'error');
  opened.push(() => printed.mockRestore());
  const { port, logs } = await start();
  const call = rawCall(rawSession(port), 'Say', { authorization: 'Bearer s\u00e9cret' });
  call.end(framedText('hi'));
  await new Promise((resolve) => call.on('close', resolve).resume());
  expect(printed).not.toHaveBeenCalled();
  expect(JSON.stringify(logs)).toContain('does not allow');
  expect(JSON.stringify(logs)).not.toContain('cret');
});
