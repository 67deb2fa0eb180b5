import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramedMessages } from './framed-messages.ts';

const NO_LIMIT = -1;

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The same bytes in pieces that end at these shares of them. */
function pieces(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const ends = [...shares.map((share) => Math.floor(share * bytes.length)), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

describe('messages out of DATA', () => {
  it('come out as they went in, however the bytes were divided', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(share, { maxLength: 20 }),
        (messages, shares) => {
          const reader = new FramedMessages(NO_LIMIT);
          const sent = messages.map(framed);
          const read = pieces(Buffer.concat(sent), shares).flatMap((piece) => reader.write(piece));
          expect(read).toEqual(sent);
        },
      ),
    );
  });

  it('come out byte by byte, and an empty one too', () => {
    const reader = new FramedMessages(NO_LIMIT);
    const sent = [framed(new Uint8Array(0)), framed(Buffer.from('the last'))];
    const read = [...Buffer.concat(sent)].flatMap((byte) => reader.write(Buffer.of(byte)));
    expect(read).toEqual(sent);
  });

  it('are refused when they are too long, as soon as their head is there', () => {
    const reader = new FramedMessages(8);
    expect(reader.write(framed(Buffer.alloc(8)))).toHaveLength(1);
    expect(reader.write(Buffer.of(0, 0, 0, 0))).toEqual([]);
    expect(() => reader.write(Buffer.of(9))).toThrow('larger than max (9 vs 8)');
  });

  it('are held to a limit that was lowered after the reader was made', () => {
    const reader = new FramedMessages(NO_LIMIT);
    reader.maxReadMessageLength = 3;
    expect(() => reader.write(framed(Buffer.alloc(4)))).toThrow('larger than max (4 vs 3)');
  });

  it('keep little alive that came with them', () => {
    const reader = new FramedMessages(NO_LIMIT);
    const small = framed(Buffer.from('small'));
    const [alone] = reader.write(Buffer.from(new Uint8Array(small).buffer));
    expect(alone!.buffer.byteLength).toBe(small.length);
    const large = framed(Buffer.alloc(100_000));
    const [copied, viewed] = reader.write(Buffer.concat([small, large]));
    expect(copied!.buffer.byteLength).toBeLessThan(10_000);
    expect(viewed!.buffer.byteLength).toBe(small.length + large.length);
  });
});
