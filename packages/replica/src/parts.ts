/**
 * Parts: content too large for one record. An apply stages lists of changes as
 * PART entities; one small record names them and they take effect together,
 * then the parts are gone. (Parts of a segment are named by the segment's
 * content and live as long as it refers to them.)
 */
import { ENTITY_KIND, type EntityChange, type EntityId } from './entity.ts';
import { bytesEqual } from './position.ts';
import type { Codec, LogRecord } from './record.ts';

/** A part's place: its key is its hex SHA-256; parts of an apply stand outside any project. */
export function partId(sha256: Uint8Array, project = ''): EntityId {
  return { kind: ENTITY_KIND.part, project, environment: '', key: hex(sha256) };
}

export type Expansion =
  | {
      readonly kind: 'expanded';
      readonly changes: readonly EntityChange[];
      /** Parts that leave the state with this record. */
      readonly spent: readonly EntityChange[];
    }
  /** A part is not there, is not what its hash says, or is no list of changes. */
  | { readonly kind: 'broken'; readonly detail: string };

/** A record's changes, with those of the parts it names in front. */
export function expandRecord(
  codec: Codec,
  record: LogRecord,
  part: (id: EntityId) => EntityChange | undefined,
): Expansion {
  if (record.parts.length === 0) return { kind: 'expanded', changes: record.changes, spent: [] };
  const changes: EntityChange[] = [];
  const spent: EntityChange[] = [];
  for (const ref of record.parts) {
    const found = part(partId(ref.sha256));
    if (found === undefined || found.deleted)
      return { kind: 'broken', detail: `revision ${record.revision} names a part that is not there` };
    if (!bytesEqual(codec.sha256(found.content), ref.sha256))
      return { kind: 'broken', detail: `a part of revision ${record.revision} is not what its hash says` };
    const listed = changesIn(codec, found.content);
    if (listed === undefined)
      return { kind: 'broken', detail: `a part of revision ${record.revision} is no list of changes` };
    for (const change of listed) changes.push(change);
    spent.push(found);
  }
  for (const change of record.changes) changes.push(change);
  return { kind: 'expanded', changes, spent };
}

function changesIn(codec: Codec, content: Uint8Array): readonly EntityChange[] | undefined {
  try {
    return codec.decodeChangeList(content);
  } catch {
    return undefined;
  }
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
