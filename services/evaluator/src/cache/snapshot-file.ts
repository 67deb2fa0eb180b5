/**
 * A snapshot on disk: magic, format, header, chunks of entities, each with its
 * length in front; a length of 0; SHA-256 over all of it. Written chunk by
 * chunk, so that the event loop is never held up for longer than one takes, and
 * under another name until it is durable.
 */
import { createHash } from 'node:crypto';
import {
  FlagstreamError,
  readSnapshotEntities,
  snapshotChunks,
  snapshotFromWire,
  snapshotHeaderToWire,
} from '@flagstream/protocol';
import { SnapshotEntities } from '@flagstream/protocol/gen/flagstream/v1/log';
import { SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import { LOG_ID, RECORD_FORMAT, type Snapshot } from '@flagstream/replica';
import { crashPoint } from '@flagstream/runtime';
import type { CacheFile, CacheFolder } from './cache-folder.ts';
import { snapshotName, TEMP_FILE } from './cache-names.ts';
import { CacheFault, newerFormat } from './cache-problem.ts';

const MAGIC = Buffer.from('FSSNAP\r\n', 'latin1');
const FORMAT = 1;
const HASH_BYTES = 32;

/** Resolves when the snapshot is durable under its name. */
export async function writeSnapshot(folder: CacheFolder, snapshot: Snapshot): Promise<void> {
  const file = folder.create(TEMP_FILE);
  try {
    await writeAll(file, snapshot);
    crashPoint('cache-temp-written');
    await file.sync();
  } finally {
    await file.close();
  }
  crashPoint('cache-before-rename');
  await folder.rename(TEMP_FILE, snapshotName(snapshot.position));
  crashPoint('cache-after-rename');
  await folder.sync();
}

async function writeAll(file: CacheFile, snapshot: Snapshot): Promise<void> {
  const hash = createHash('sha256');
  for (const piece of pieces(snapshot)) {
    hash.update(piece);
    await file.write(piece);
  }
  await file.write(hash.digest());
}

function* pieces(snapshot: Snapshot): Generator<Uint8Array, void, undefined> {
  const head = SnapshotHeader.encode(snapshotHeaderToWire(snapshot)).finish();
  yield Buffer.concat([MAGIC, uint32(FORMAT), uint32(head.length), head]);
  for (const entities of snapshotChunks(snapshot)) {
    const chunk = SnapshotEntities.encode({ entities }).finish();
    yield Buffer.concat([uint32(chunk.length), chunk]);
  }
  yield uint32(0);
}

/** @throws CacheFault when it is not exactly what was written, is of a newer release, or of another log */
export function readSnapshot(bytes: Uint8Array): Snapshot {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new CacheFault('corrupt', 'it is no snapshot');
  const end = file.length - HASH_BYTES;
  const whole =
    end > 0 && createHash('sha256').update(file.subarray(0, end)).digest().equals(file.subarray(end));
  if (!whole) throw new CacheFault('corrupt', 'its checksum is wrong');
  const format = file.readUInt32BE(MAGIC.length);
  if (format > FORMAT) throw newerFormat(format, FORMAT);
  try {
    return decode(file.subarray(MAGIC.length + 4, end));
  } catch (thrown) {
    if (thrown instanceof FlagstreamError && thrown.reason === 'SCHEMA_TOO_NEW')
      throw new CacheFault('newer-format', thrown.message);
    throw thrown;
  }
}

function decode(body: Buffer): Snapshot {
  const [head, ...chunks] = sections(body);
  if (head === undefined) throw new CacheFault('corrupt', 'it has no header');
  const header = SnapshotHeader.decode(head);
  if (header.logId !== LOG_ID) throw new CacheFault('other-log', `it is of log "${header.logId}"`);
  if (header.format > RECORD_FORMAT)
    throw new CacheFault('newer-format', `its records have format ${header.format}`);
  return snapshotFromWire(header, chunks.map(readSnapshotEntities));
}

function sections(body: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; ; ) {
    const length = body.readUInt32BE(at);
    at += 4;
    if (length === 0) return found;
    found.push(body.subarray(at, at + length));
    at += length;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
