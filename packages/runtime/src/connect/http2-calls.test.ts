import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { opened } from '../grpc/echo-host.fixture.ts';
import { startProbe } from './connect.fixture.ts';

const HEAD_BYTES = 9;
const DATA = 0;
const END_STREAM = 1;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly bytes: number;
}

function framesOf(wire: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + HEAD_BYTES <= wire.length; ) {
    const frame = { bytes: wire.readUIntBE(at, 3), type: wire[at + 3]!, flags: wire[at + 4]! };
    frames.push(frame);
    at += HEAD_BYTES + frame.bytes;
  }
  return frames;
}

it('an answer ends with its last bytes, before its caller can break the stream over them', async () => {
  const { port } = await startProbe();
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  const readable = new PassThrough().on('data', (chunk: Buffer) => heard.push(chunk));
  const session = connectHttp2(`http://127.0.0.1:${port}`, {
    createConnection: () => Duplex.from({ readable: socket.pipe(readable), writable: socket }),
  });
  opened.push(() => session.destroy());
  const call = session.request({
    ':method': 'POST',
    ':path': '/test.Probe/Say',
    'content-type': 'application/grpc-web+proto',
  });
  // An envelope that is cut short.
  call.resume().end(Buffer.of(0, 0, 0, 0, 9));
  await once(call, 'close');
  const ends = framesOf(Buffer.concat(heard)).filter(
    ({ type, flags }) => type === DATA && (flags & END_STREAM) !== 0,
  );
  expect(ends).toEqual([expect.objectContaining({ bytes: expect.toSatisfy((bytes) => bytes > 0) })]);
});
