/**
 * Sets too large for one record: their changes are cut into parts, each an
 * entity of its own, written first. One small record then names the parts and
 * everything takes effect together.
 */
import { encodeChangeList, LIMITS } from '@flagstream/protocol';
import { type Codec, type EntityChange, type PartRef, partId } from '@flagstream/replica';

export interface StagedPart {
  readonly ref: PartRef;
  /** The PART entity that holds the changes. */
  readonly change: EntityChange;
}

/** Bytes of a change on the wire beside its content: hash, keys, tags, framing. */
const CHANGE_OVERHEAD_BYTES = 512;
/** Bytes of a record beside its changes: hashes, ids, comment in up to 4 bytes a character. */
const RECORD_OVERHEAD_BYTES = 12_288;

/** Whether the changes go into one record as they are. */
export function fitsOneRecord(changes: readonly EntityChange[]): boolean {
  if (changes.length > LIMITS.recordEntitiesMax) return false;
  const bytes = changes.reduce((sum, change) => sum + changeBytes(change), RECORD_OVERHEAD_BYTES);
  return bytes <= LIMITS.recordBytesMax;
}

/** Cuts changes into parts, in order. */
export function stageParts(codec: Codec, changes: readonly EntityChange[]): StagedPart[] {
  const parts: StagedPart[] = [];
  let batch: EntityChange[] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = changeBytes(change);
    if (batch.length > 0 && bytes + size > LIMITS.partBytesMax) {
      parts.push(stagePart(codec, batch));
      batch = [];
      bytes = 0;
    }
    batch.push(change);
    bytes += size;
  }
  if (batch.length > 0) parts.push(stagePart(codec, batch));
  return parts;
}

function stagePart(codec: Codec, changes: readonly EntityChange[]): StagedPart {
  const content = encodeChangeList(changes);
  const sha256 = codec.sha256(content);
  return { ref: { sha256, size: content.length }, change: partChange(sha256, content, '') };
}

/** A PART entity: content under its own hash. Parts of an apply stand outside any project. */
export function partChange(sha256: Uint8Array, content: Uint8Array, project: string): EntityChange {
  return {
    ...partId(sha256, project),
    deleted: false,
    content,
    contentHash: sha256,
    tags: [],
    clientVisible: false,
  };
}

function changeBytes(change: EntityChange): number {
  const tags = change.tags.reduce((sum, tag) => sum + tag.length * 3 + 2, 0);
  return change.content.length + tags + CHANGE_OVERHEAD_BYTES;
}
