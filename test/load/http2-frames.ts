// HTTP/2 frames written and read by hand (RFC 9113): as much of it as a gRPC client needs that keeps no header table and
// sends one frame of headers.

export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;

export const ACK = 1;
export const END_STREAM = 1;
export const END_HEADERS = 4;

export const CANCEL = 8;

export const SETTING_HEADER_TABLE_SIZE = 1;
export const SETTING_ENABLE_PUSH = 2;
export const SETTING_STREAMS_MAX = 3;
export const SETTING_WINDOW = 4;

/** Until another one is agreed on, for each direction of each stream and of the connection. */
export const FIRST_WINDOW_BYTES = 65_535;
const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, HEAD_BYTES);
  return bytes;
}

function settings(entries: readonly (readonly [number, number])[]): Buffer {
  const bytes = Buffer.alloc(entries.length * 6);
  entries.forEach(([setting, value], index) => {
    bytes.writeUInt16BE(setting, index * 6);
    bytes.writeUInt32BE(value, index * 6 + 2);
  });
  return bytes;
}

/** What a client begins a connection with. */
export function opening(entries: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, settings(entries))]);
}

/** Answers the peer's settings. */
export const SETTINGS_TAKEN: Buffer = frame(SETTINGS, ACK, 0, Buffer.alloc(0));

/** Answers a ping. */
export function pong(payload: Buffer): Buffer {
  return frame(PING, ACK, 0, payload);
}

export function* settingsOf(payload: Buffer): Generator<readonly [setting: number, value: number]> {
  for (let at = 0; at + 6 <= payload.length; at += 6)
    yield [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** A header block in which each field stands whole. */
function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    if (bytes.length > 126) throw new Error(`a header field of ${bytes.length} bytes is not written here`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  };
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]),
  );
}

/** The header block of a gRPC call; `more` stands last. */
export function callBlock(
  { scheme, path, authority }: Readonly<Record<'scheme' | 'path' | 'authority', string>>,
  more: Readonly<Record<string, string>>,
): Buffer {
  return headerBlock({
    ':method': 'POST',
    ':scheme': scheme,
    ':path': path,
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
}

/** Frames out of chunks that begin and end anywhere. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): readonly Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (bytes.length < end) break;
      frames.push({
        type: bytes[at + 3]!,
        flags: bytes[at + 4]!,
        stream: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + HEAD_BYTES, end),
      });
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return frames;
  }
}
