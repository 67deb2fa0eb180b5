/**
 * A store that forgets when the process ends: for the simulation and for
 * tests. Folds with replica's LogState, so it also checks that SQLite's tables
 * and the fold that evaluators run agree.
 */

import { fail } from '@flagstream/protocol';
import {
  type Codec,
  compareEntityIds,
  type EntityId,
  type EntityQuery,
  type EpochBase,
  entityKey,
  type LogRecord,
  LogState,
  ORIGIN,
  type Position,
  type StoredRecord,
  type VersionedEntity,
} from '@flagstream/replica';
import type { AuditScope, AuditStore } from './audit-store.ts';
import { assertContinues } from './continuation.ts';

/** As statements.ts has it. */
const LAST_REVERTIBLE_KIND = 5;
const LAST_LISTED_KIND = 6;

export class MemoryStore implements AuditStore {
  readonly #state: LogState;
  readonly #log: LogRecord[] = [];
  readonly #operations = new Map<string, LogRecord>();
  /** Revisions by entity, ascending. */
  readonly #revisions = new Map<string, { readonly id: EntityId; readonly revisions: number[] }>();
  #restored: boolean;
  #shippedEpoch = 0;
  #announcedEpoch = 0;

  constructor(codec: Codec, options: { readonly restored?: boolean } = {}) {
    this.#state = new LogState(codec, { tombstoneRevisions: Number.POSITIVE_INFINITY });
    this.#restored = options.restored === true;
  }

  head(): Position {
    return this.#log.length === 0 ? ORIGIN : this.#state.position;
  }

  lineage(): readonly EpochBase[] {
    return this.#state.lineage;
  }

  stateDigest(): Uint8Array {
    return this.#state.digest;
  }

  fold(record: LogRecord): void {
    assertContinues(this.head(), record);
    if (this.#operations.has(record.opId))
      throw fail('INTERNAL', `op_id ${record.opId} is in the log already`);
    const outcome = this.#state.apply(record);
    if (outcome.kind === 'broken') throw fail('LOG_CORRUPT', outcome.detail);
    if (outcome.kind !== 'applied') throw fail('INTERNAL', `the record was not applied: ${outcome.kind}`);
    this.#log.push(record);
    this.#operations.set(record.opId, record);
    for (const { kind, project, environment, key } of outcome.changes)
      this.#addRevision({ kind, project, environment, key }, record.revision);
  }

  readLog(afterRevision: number, max: number): readonly StoredRecord[] {
    return this.#log.slice(afterRevision, afterRevision + max).map(stored);
  }

  recordAt(revision: number): StoredRecord | undefined {
    const record = this.#log[revision - 1];
    return record === undefined ? undefined : stored(record);
  }

  findOperation(opId: string): StoredRecord | undefined {
    const record = this.#operations.get(opId);
    return record === undefined ? undefined : stored(record);
  }

  entity(id: EntityId): VersionedEntity | undefined {
    return this.#state.entity(entityKey(id));
  }

  entities(query: EntityQuery): readonly VersionedEntity[] {
    const { kind, project, environment, afterKey, limit } = query;
    return [...this.#state.entities()]
      .filter(({ change }) => change.kind === kind)
      .filter(({ change }) => project === undefined || change.project === project)
      .filter(({ change }) => environment === undefined || change.environment === environment)
      .filter(({ change }) => change.key > (afterKey ?? ''))
      .sort((a, b) => (a.change.key < b.change.key ? -1 : 1))
      .slice(0, limit);
  }

  revisionsOf(id: EntityId, below: number, limit: number): readonly number[] {
    const revisions = this.#revisions.get(entityKey(id))?.revisions ?? [];
    return revisions
      .filter((revision) => revision < below)
      .reverse()
      .slice(0, limit);
  }

  firstRevisionOf(id: EntityId): number | undefined {
    return this.#revisions.get(entityKey(id))?.revisions[0];
  }

  namedRevisions(scope: AuditScope, below: number, limit: number): readonly number[] {
    const found = new Set<number>();
    for (const { revisions } of this.#inScope(scope, LAST_LISTED_KIND))
      for (const revision of revisions) if (revision < below) found.add(revision);
    return [...found].sort((a, b) => b - a).slice(0, limit);
  }

  namedEntitiesChanged(scope: AuditScope, after: number, upTo: number, limit: number): readonly EntityId[] {
    return this.#inScope(scope, LAST_REVERTIBLE_KIND)
      .filter(({ revisions }) => revisions.some((revision) => revision > after && revision <= upTo))
      .map(({ id }) => id)
      .sort(compareEntityIds)
      .slice(0, limit);
  }

  wallMsAt(revision: number): number | undefined {
    return this.#log[revision - 1]?.wallMs;
  }

  bytesAfter(revision: number): number {
    return this.#log.slice(revision).reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  recentHashes(max: number): readonly Uint8Array[] {
    return this.#log.slice(-max).map((record) => record.hash);
  }

  all(): readonly VersionedEntity[] {
    return [...this.#state.entities()].sort((a, b) => compareEntityIds(a.change, b.change));
  }

  restoredMark(): boolean {
    return this.#restored;
  }

  /** A store in memory takes nobody's place. */
  restoredOver(): number {
    return 0;
  }

  begin(record: LogRecord): void {
    this.fold(record);
    this.#restored = false;
  }

  shippedEpoch(): number {
    return this.#shippedEpoch;
  }

  noteShippedEpoch(epoch: number): void {
    this.#shippedEpoch = Math.max(this.#shippedEpoch, epoch);
  }

  announcedEpoch(): number {
    return this.#announcedEpoch;
  }

  noteAnnouncedEpoch(epoch: number): void {
    this.#announcedEpoch = Math.max(this.#announcedEpoch, epoch);
  }

  close(): void {
    // Nothing to release.
  }

  #inScope(scope: AuditScope, lastKind: number): { readonly id: EntityId; readonly revisions: number[] }[] {
    return [...this.#revisions.values()].filter(
      ({ id }) => id.kind <= lastKind && (scope.project === undefined || id.project === scope.project),
    );
  }

  #addRevision(id: EntityId, revision: number): void {
    const key = entityKey(id);
    const known = this.#revisions.get(key);
    if (known === undefined) this.#revisions.set(key, { id, revisions: [revision] });
    else if (known.revisions.at(-1) !== revision) known.revisions.push(revision);
  }
}

function stored(record: LogRecord): StoredRecord {
  return { epoch: record.epoch, revision: record.revision, hash: record.hash, bytes: record.bytes };
}
