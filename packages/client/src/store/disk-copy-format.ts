/**
 * The client's own copy as bytes: a full transfer as the server would send it,
 * under a header, closed by a SHA-256. A copy is taken whole or not at all.
 *
 *   magic (8) | u32 header length | header (JSON) | (u32 length | frame)* | SHA-256 (32)
 *
 * Numbers are big-endian.
 */
import { decodeServerFrame, encodeTransfer, LIMITS, sha256 } from '@flagstream/protocol';
import { bytesEqual, ClientSet, hex, type Transfer, type VersionedEntity } from '@flagstream/replica';
import type { Scope } from '../state/scope.ts';

export interface DiskCopy {
  readonly scope: Scope;
  readonly set: ClientSet;
  /** Unix milliseconds at which the set was known to be the newest. */
  readonly asOfMs: number;
}

interface Header {
  readonly format: number;
  readonly project: string;
  readonly environment: string;
  /** Hex. */
  readonly logIdentity: string;
  readonly epoch: number;
  readonly revision: number;
  /** Hex. */
  readonly digest: string;
  readonly asOfMs: number;
}

const MAGIC = Buffer.from('FLAGSTRM', 'latin1');
const FORMAT = 1;
const HASH_BYTES = 32;

/** @throws RangeError when the set holds nothing from a server. */
export function encodeDiskCopy({ scope, set, asOfMs }: DiskCopy): Buffer {
  const have = set.have();
  if (have === undefined) throw new RangeError('a set without a position has no copy');
  const { position, digest, logIdentity } = have;
  const header: Header = {
    format: FORMAT,
    project: scope.project,
    environment: scope.environment,
    logIdentity: hex(logIdentity),
    epoch: position.epoch,
    revision: position.revision,
    digest: digestText(digest),
    asOfMs,
  };
  const frames = encodeTransfer(
    { kind: 'full', from: undefined, to: position, forked: false, digest },
    { put: [...set.entities()], remove: [] },
    LIMITS.syncFrameBytesMax,
  );
  const blocks = [Buffer.from(JSON.stringify(header)), ...frames];
  const body = Buffer.concat([MAGIC, ...blocks.flatMap((block) => [lengthOf(block), block])]);
  return Buffer.concat([body, sha256(body)]);
}

/** @throws RangeError saying what is wrong with the bytes. */
export function decodeDiskCopy(bytes: Buffer): DiskCopy {
  const body = bytes.subarray(0, Math.max(0, bytes.length - HASH_BYTES));
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new RangeError('it is not a copy of flags');
  if (!bytesEqual(sha256(body), bytes.subarray(body.length)))
    throw new RangeError('its SHA-256 does not fit');
  const [headerBytes, ...frames] = blocksOf(body.subarray(MAGIC.length));
  if (headerBytes === undefined) throw new RangeError('it has no header');
  const header = JSON.parse(headerBytes.toString('utf8')) as Header;
  if (header.format !== FORMAT) throw new RangeError(`it has format ${header.format}, not ${FORMAT}`);
  const outcome = ClientSet.empty().stage(sha256, transferOf(frames), Buffer.from(header.logIdentity, 'hex'));
  if (outcome.kind === 'refused') throw new RangeError(outcome.detail);
  const { project, environment, asOfMs } = header;
  return { scope: { project, environment }, set: outcome.set, asOfMs };
}

function transferOf(frames: readonly Buffer[]): Transfer {
  const put: VersionedEntity[] = [];
  for (const bytes of frames) {
    const frame = decodeServerFrame(bytes);
    if (frame.type === 'update') return frame.transfer;
    if (frame.type === 'items') for (const entity of frame.put) put.push(entity);
    if (frame.type === 'commit') {
      const { transferId, to, digest } = frame;
      return { transferId, kind: 'full', from: undefined, to, put, remove: [], digest, forked: false };
    }
  }
  throw new RangeError('its transfer is not complete');
}

function* blocksOf(bytes: Buffer): Iterable<Buffer> {
  let offset = 0;
  while (offset < bytes.length) {
    const start = offset + 4;
    const end = start + bytes.readUInt32BE(offset);
    if (end > bytes.length) throw new RangeError('it is cut short');
    yield bytes.subarray(start, end);
    offset = end;
  }
}

function lengthOf(block: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(block.length);
  return length;
}

function digestText({ hi, lo }: { readonly hi: bigint; readonly lo: bigint }): string {
  return hi.toString(16).padStart(16, '0') + lo.toString(16).padStart(16, '0');
}
