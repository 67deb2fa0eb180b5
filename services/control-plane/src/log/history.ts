/**
 * The past, read back from the log: what an entity was at a revision, and what
 * a record changed. Nothing is stored twice; a few decoded records are kept,
 * because readers ask for many entities of one record in a row.
 */

import { fail } from '@flagstream/protocol';
import {
  type Codec,
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  entityKey,
  expandRecord,
  type LogRecord,
  type VersionedEntity,
} from '@flagstream/replica';
import type { AuditStore } from './audit-store.ts';

/** A committed record with the changes of its parts, by entity. */
export interface PastRecord {
  readonly record: LogRecord;
  readonly changes: ReadonlyMap<string, EntityChange>;
}

/** Decoded records kept: an apply of 10,000 flags decodes to about 30 MB. */
const KEPT_RECORDS_MAX = 4;

export class History {
  readonly #store: AuditStore;
  readonly #codec: Codec;
  readonly #kept = new Map<number, PastRecord>();

  constructor(store: AuditStore, codec: Codec) {
    this.#store = store;
    this.#codec = codec;
  }

  /** The entity as it was at a revision; undefined when it had never been written then. */
  entityAt(id: EntityId, revision: number): VersionedEntity | undefined {
    const current = this.#store.entity(id);
    if (current !== undefined && current.version <= revision) return current;
    const version = this.#store.revisionsOf(id, revision + 1, 1)[0];
    if (version === undefined) return undefined;
    const change = this.record(version).changes.get(entityKey(id));
    if (change === undefined)
      throw fail('LOG_CORRUPT', `revision ${version} does not hold ${entityKey(id)}, as its index says`);
    return { change, version };
  }

  /**
   * The record at a revision.
   * @throws FlagstreamError REVISION_NOT_FOUND.
   */
  record(revision: number): PastRecord {
    const kept = this.#kept.get(revision);
    if (kept !== undefined) return kept;
    const stored = this.#store.recordAt(revision);
    if (stored === undefined)
      throw fail('REVISION_NOT_FOUND', `revision ${revision} does not exist`, {
        metadata: { revision: String(revision) },
      });
    const past = this.#expand(this.#codec.decodeRecord(stored.bytes));
    this.#keep(revision, past);
    return past;
  }

  #expand(record: LogRecord): PastRecord {
    const expanded = expandRecord(this.#codec, record, (id) => this.#stagedPart(id, record.revision));
    if (expanded.kind === 'broken') throw fail('LOG_CORRUPT', expanded.detail);
    const changes = new Map(expanded.changes.map((change) => [entityKey(change), change]));
    return { record, changes };
  }

  /** A part of an apply leaves the state when it is spent; its own record still holds it. */
  #stagedPart(id: EntityId, below: number): EntityChange | undefined {
    const staged = this.#store.revisionsOf(id, below, 1)[0];
    const stored = staged === undefined ? undefined : this.#store.recordAt(staged);
    if (stored === undefined) return undefined;
    return this.#codec
      .decodeRecord(stored.bytes)
      .changes.find((change) => change.kind === ENTITY_KIND.part && change.key === id.key);
  }

  #keep(revision: number, past: PastRecord): void {
    this.#kept.set(revision, past);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_RECORDS_MAX) return;
      this.#kept.delete(oldest);
    }
  }
}
