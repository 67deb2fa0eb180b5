/**
 * gRPC's messages out of the DATA of one call, each with its head of five
 * bytes. In the place of grpc-js's own reader, which takes each message apart,
 * puts it together again, and keeps the pieces of the newest one for as long
 * as the call is open: with ten thousand streams that acknowledge each push,
 * most of what a push leaves to full collections of garbage, and these stop
 * the process for a tenth of a second.
 *
 * Holds true: nothing is kept of a message that was given out; of one that is
 * not whole, twice what has come of it at most.
 */

/** One byte that says whether it is packed, four bytes of length. */
const HEAD_BYTES = 5;
/** A message that is less than this part of the memory that it came in is copied out of it. */
const VIEW_SHARE = 1 / 4;
const NONE: Buffer[] = [];

export class FramedMessages {
  /** As grpc-js names it, which may lower it. -1: no limit. */
  maxReadMessageLength: number;
  /** Of a message that is not whole: its first bytes, and room for more. */
  #begun: Buffer | undefined;
  #begunBytes = 0;

  /** @param maxReadMessageLength bytes of a message, without its head */
  constructor(maxReadMessageLength: number) {
    this.maxReadMessageLength = maxReadMessageLength;
  }

  /**
   * The messages that are whole with this, in their order. Called by grpc-js.
   * @throws Error in grpc-js's words when one is too long, once its head is there
   */
  write(data: Buffer): Buffer[] {
    if (this.#begun === undefined) return this.#cut(data);
    const bytes = this.#begin(data);
    if (bytes.length < this.#messageEnd(bytes, 0)) return NONE;
    this.#begun = undefined;
    this.#begunBytes = 0;
    return this.#cut(bytes);
  }

  #cut(bytes: Buffer): Buffer[] {
    let messages = NONE;
    let at = 0;
    for (let end = this.#messageEnd(bytes, 0); end <= bytes.length; end = this.#messageEnd(bytes, at)) {
      const message = asLittle(bytes, at, end);
      if (messages === NONE) messages = [message];
      else messages.push(message);
      at = end;
    }
    if (at < bytes.length) this.#begin(bytes.subarray(at));
    return messages;
  }

  /** Where the message ends that begins there; beyond what has come while its head has not. */
  #messageEnd(bytes: Buffer, at: number): number {
    if (bytes.length < at + HEAD_BYTES) return Number.POSITIVE_INFINITY;
    const length = bytes.readUInt32BE(at + 1);
    const max = this.maxReadMessageLength;
    if (max !== -1 && length > max) throw new Error(`Received message larger than max (${length} vs ${max})`);
    return at + HEAD_BYTES + length;
  }

  /** All that is there of the message that is not whole, with this. */
  #begin(more: Buffer): Buffer {
    const bytes = this.#begunBytes + more.length;
    if (this.#begun === undefined || this.#begun.length < bytes) {
      // Twice as much each time: few who send byte by byte cost no more than their bytes.
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#begunBytes));
      this.#begun?.copy(grown, 0, 0, this.#begunBytes);
      this.#begun = grown;
    }
    more.copy(this.#begun, this.#begunBytes);
    this.#begunBytes = bytes;
    return this.#begun.subarray(0, bytes);
  }
}

/** The bytes of one message, without keeping alive much that came with them. */
function asLittle(bytes: Buffer, start: number, end: number): Buffer {
  if (end - start < bytes.buffer.byteLength * VIEW_SHARE) return Buffer.from(bytes.subarray(start, end));
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}
