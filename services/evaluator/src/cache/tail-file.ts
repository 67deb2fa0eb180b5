/**
 * Records applied since a place, appended one after the other: magic and
 * format, then for each record its length, its chain hash and its bytes. The
 * hash is the record's checksum here too: what does not have it is not read.
 */
import { messageOf } from '@flagstream/protocol';
import type { Codec, LogRecord } from '@flagstream/replica';
import { CacheFault, newerFormat } from './cache-problem.ts';

const MAGIC = Buffer.from('FSTAIL\r\n', 'latin1');
const FORMAT = 1;
const HASH_BYTES = 32;
const FRAME_BYTES = 4 + HASH_BYTES;

export function tailHeader(): Uint8Array {
  const header = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(header);
  header.writeUInt32BE(FORMAT, MAGIC.length);
  return header;
}

export function tailFrames(records: readonly LogRecord[]): Uint8Array {
  return Buffer.concat(
    records.flatMap(({ bytes, hash }) => {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(bytes.length);
      return [length, hash, bytes];
    }),
  );
}

/**
 * Records as they were written.
 * @throws CacheFault at the first that is not whole, after those before it were yielded
 */
export function* readTail(codec: Codec, bytes: Uint8Array): Generator<LogRecord, void, undefined> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = tailHeader().length;
  if (file.length < at) throw new CacheFault('torn', 'it ends within its header');
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new CacheFault('corrupt', 'it is no tail');
  const format = file.readUInt32BE(MAGIC.length);
  if (format !== FORMAT) throw newerFormat(format, FORMAT);
  while (at < file.length) {
    const left = file.length - at;
    const length = left < FRAME_BYTES ? Number.POSITIVE_INFINITY : file.readUInt32BE(at);
    if (left < FRAME_BYTES + length) throw new CacheFault('torn', `it ends within the record at byte ${at}`);
    const start = at + FRAME_BYTES;
    yield readRecord(codec, file.subarray(at + 4, start), file.subarray(start, start + length), at);
    at = start + length;
  }
}

function readRecord(codec: Codec, hash: Buffer, bytes: Buffer, at: number): LogRecord {
  let record: LogRecord;
  try {
    record = codec.decodeRecord(bytes);
  } catch (thrown) {
    throw new CacheFault('corrupt', `the record at byte ${at} cannot be decoded: ${messageOf(thrown)}`);
  }
  if (!hash.equals(record.hash))
    throw new CacheFault('corrupt', `the record at byte ${at} is not what was written`);
  return record;
}
