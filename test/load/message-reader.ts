// gRPC's framing of messages: one byte that says whether it is packed, four bytes of length, the message.

const HEAD_BYTES = 5;

export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, HEAD_BYTES);
  return bytes;
}

/** Messages out of chunks that begin and end anywhere. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error when a message is packed: nobody asked for that */
  take(chunk: Buffer): readonly Buffer[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    while (bytes.length >= HEAD_BYTES) {
      if (bytes[0] !== 0) throw new Error('the server packed a message');
      const end = HEAD_BYTES + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      messages.push(bytes.subarray(HEAD_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
    return messages;
  }
}
