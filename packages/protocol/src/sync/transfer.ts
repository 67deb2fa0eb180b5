/**
 * Transfers as shared bytes: encoded once, written to every stream that needs
 * the same (from, to).
 */
import type { Digest, Position, StateDelta } from '@flagstream/replica';
import {
  type Begin,
  type Entity,
  type EntityRef,
  Intent as WireIntent,
} from '../gen/flagstream/v1/stream.ts';
import { encodeFrame } from './server-frame.ts';
import { entityToWire, positionToWire, refToWire } from './wire.ts';
import { INTENTS } from './words.ts';

/** What a transfer says beside its entities. */
export interface TransferHeader {
  readonly kind: 'delta' | 'full';
  readonly from: Position | undefined;
  readonly to: Position;
  readonly forked: boolean;
  /** Digest of the client's set once the transfer is in force. */
  readonly digest: Digest;
}

/**
 * A transfer as frames: one Update when it fits into a frame, otherwise Begin,
 * Items and Commit. The transfer's id is the revision that it leads to.
 */
export function encodeTransfer(
  header: TransferHeader,
  delta: StateDelta,
  frameBytesMax: number,
): readonly Buffer[] {
  const transferId = BigInt(header.to.revision);
  const items = delta.put.length + delta.remove.length;
  const begin: Begin = {
    transferId,
    kind: INTENTS.wire<WireIntent>(header.kind),
    from: header.from === undefined ? undefined : positionToWire(header.from),
    to: positionToWire(header.to),
    items,
    bytes: BigInt(delta.put.reduce((sum, entity) => sum + entity.change.content.length, 0)),
    forked: header.forked,
  };
  const commit = {
    transferId,
    to: positionToWire(header.to),
    digestHi: header.digest.hi,
    digestLo: header.digest.lo,
    items,
  };
  const chunks = chunk(delta, frameBytesMax);
  if (chunks.length === 1) {
    // In one frame each thing is said once: these bytes go to every client.
    const value = {
      begin: {
        ...begin,
        transferId: 0n,
        kind: kindSaidByFrom(header) ? WireIntent.UNSPECIFIED : begin.kind,
        from: begin.from && {
          ...begin.from,
          epoch: begin.from.epoch === header.to.epoch ? 0 : begin.from.epoch,
        },
        to: undefined,
        items: 0,
        bytes: 0n,
      },
      items: { transferId: 0n, seq: 0, ...chunks[0]! },
      commit: { ...commit, transferId: 0n, items: 0 },
    };
    return [encodeFrame({ $case: 'update', value })];
  }
  return [
    encodeFrame({ $case: 'begin', value: begin }),
    ...chunks.map((part, seq) => encodeFrame({ $case: 'items', value: { transferId, seq, ...part } })),
    encodeFrame({ $case: 'commit', value: commit }),
  ];
}

/** What has a beginning is a delta, and what has none is everything. */
function kindSaidByFrom({ kind, from }: TransferHeader): boolean {
  return (kind === 'delta') === (from !== undefined);
}

/** Bytes of an entity beside its content: ids, hash, tags; keys are at most 128 characters each. */
const ENTITY_OVERHEAD_BYTES = 480;

/** At least one chunk; an entity larger than a frame gets one of its own. */
function chunk(delta: StateDelta, bytesMax: number): readonly { put: Entity[]; remove: EntityRef[] }[] {
  let current: { put: Entity[]; remove: EntityRef[] } = { put: [], remove: [] };
  const chunks = [current];
  let bytes = ENTITY_OVERHEAD_BYTES;
  const room = (size: number): void => {
    if (bytes + size > bytesMax && current.put.length + current.remove.length > 0) {
      current = { put: [], remove: [] };
      chunks.push(current);
      bytes = 0;
    }
    bytes += size;
  };
  for (const entity of delta.remove) {
    room(ENTITY_OVERHEAD_BYTES);
    current.remove.push(refToWire(entity));
  }
  for (const entity of delta.put) {
    room(entity.change.content.length + ENTITY_OVERHEAD_BYTES);
    current.put.push(entityToWire(entity));
  }
  return chunks;
}
