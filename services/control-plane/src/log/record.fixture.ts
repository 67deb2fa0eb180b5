/** Records as a control plane writes them, for tests of stores. */
import { encodeChangeList, recordCodec, sha256 } from '@flagstream/protocol';
import {
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  genesisFields,
  LOG_ID,
  type LogRecord,
  type PartRef,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
} from '@flagstream/replica';
import { partChange } from './staging.ts';

const ACTOR = { id: 'test', kind: 'user' };
export const IDENTITY: Uint8Array = Buffer.alloc(32, 7);

export function genesis(): LogRecord {
  const base = { epoch: 1, baseRevision: 0, baseHash: IDENTITY, startedMs: 1000, reason: 'new log' };
  return recordCodec.encodeRecord(genesisFields([base], '#genesis-1', ACTOR));
}

/** The record after `head`; its wall time is 1000 ms times its revision. */
export function recordAfter(
  head: Position,
  changes: readonly EntityChange[],
  options: {
    readonly opId?: string;
    readonly parts?: readonly PartRef[];
    readonly epoch?: number;
    readonly minReader?: number;
  } = {},
): LogRecord {
  const revision = head.revision + 1;
  return recordCodec.encodeRecord({
    format: RECORD_FORMAT,
    logId: LOG_ID,
    epoch: options.epoch ?? head.epoch,
    revision,
    prevHash: head.hash,
    opId: options.opId ?? `op-${revision}`,
    requestDigest: new Uint8Array(32),
    kind: 'change',
    actor: ACTOR,
    wallMs: 1000 * revision,
    comment: '',
    minReader: options.minReader ?? READER_VERSION,
    changes,
    parts: options.parts ?? [],
  });
}

export function flagEntity(key: string, text: string, project = 'p'): EntityChange {
  return entity({ kind: ENTITY_KIND.flag, project, environment: '', key }, text);
}

export function entity(id: EntityId, text: string, deleted = false): EntityChange {
  const content = new TextEncoder().encode(text);
  return { ...id, deleted, content, contentHash: sha256(content), tags: ['tag'], clientVisible: true };
}

/** A part of an apply that holds these changes. */
export function stagedPart(changes: readonly EntityChange[]): {
  readonly ref: PartRef;
  readonly change: EntityChange;
} {
  const content = encodeChangeList(changes);
  const hash = sha256(content);
  return { ref: { sha256: hash, size: content.length }, change: partChange(hash, content, '') };
}
