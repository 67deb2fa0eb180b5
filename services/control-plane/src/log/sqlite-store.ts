/**
 * The durable truth: the hash-chained log and the state that it folds to, in
 * one SQLite file. One fold is one transaction, on disk when fold returns.
 *
 * Holds true: the entity tables are the fold of the log up to the head row.
 */

import { fail } from '@flagstream/protocol';
import {
  bytesEqual,
  type Codec,
  chainHash,
  contentDamage,
  type EntityChange,
  type EntityId,
  type EntityKind,
  type EntityQuery,
  type EpochBase,
  entityDigest,
  expandRecord,
  type LogRecord,
  ORIGIN,
  type Position,
  READER_VERSION,
  StateDigest,
  type StoredRecord,
  type VersionedEntity,
} from '@flagstream/replica';
import { crashPoint } from '@flagstream/runtime';
import type Database from 'better-sqlite3';
import type { AuditScope, AuditStore } from './audit-store.ts';
import { assertContinues } from './continuation.ts';
import { versioned } from './entity-row.ts';
import { asDiskFailure, isDamage } from './file-damage.ts';
import { readPragma } from './native-objects.ts';
import { damagedFile, openDatabase, type Synchronous, tooNewFile } from './schema.ts';
import { prepareStatements, type Statements } from './statements.ts';

/** Links of the chain that are checked at each start; the whole chain is the doctor's business. */
const START_CHECK_LINKS = 1000;

export interface SqliteStoreOptions {
  /** Full if not given. */
  readonly synchronous?: Synchronous;
  /** Largest size of the file in bytes: above it every fold fails as on a full disk. 0: the disk's. */
  readonly bytesMax?: number;
}

export class SqliteStore implements AuditStore {
  readonly #db: Database.Database;
  readonly #codec: Codec;
  readonly #sql: Statements;
  #head: Position;
  #lineage: readonly EpochBase[];
  #digest: StateDigest;
  #restored: boolean;
  readonly #restoredOver: number;
  #shippedEpoch: number;
  #announcedEpoch: number;

  /**
   * Opens or creates the file at `path`.
   * @throws FlagstreamError SCHEMA_TOO_NEW when a newer release wrote it or its newest records, LOG_CORRUPT.
   */
  constructor(path: string, codec: Codec, options: SqliteStoreOptions = {}) {
    this.#db = openDatabase(path, options.synchronous ?? 'full');
    this.#codec = codec;
    try {
      limitSize(this.#db, options.bytesMax ?? 0);
      this.#sql = prepareStatements(this.#db);
      const head = this.#sql.head.get();
      this.#head =
        head === undefined ? ORIGIN : { epoch: head.epoch, revision: head.revision, hash: head.hash };
      this.#digest = head === undefined ? new StateDigest() : digestOf(head.state_digest, path);
      this.#lineage = this.#readLineage();
      const note = this.#sql.note.get();
      this.#restored = note !== undefined && note.restored !== 0;
      this.#restoredOver = note?.restored_over ?? 0;
      this.#shippedEpoch = note?.shipped_epoch ?? 0;
      this.#announcedEpoch = note?.announced_epoch ?? 0;
      this.#verifyTail(path);
    } catch (error) {
      this.#db.close();
      throw isDamage(error) ? damagedFile(path, error) : error;
    }
  }

  head(): Position {
    return this.#head;
  }

  lineage(): readonly EpochBase[] {
    return this.#lineage;
  }

  stateDigest(): Uint8Array {
    return this.#digest.toBytes();
  }

  fold(record: LogRecord): void {
    this.#fold(record, () => undefined);
  }

  begin(record: LogRecord): void {
    this.#fold(record, () => this.#sql.clearRestored.run());
    this.#restored = false;
  }

  readLog(afterRevision: number, max: number): readonly StoredRecord[] {
    return this.#sql.readLog.all(afterRevision, max);
  }

  recordAt(revision: number): StoredRecord | undefined {
    return this.#sql.recordAt.get(revision);
  }

  findOperation(opId: string): StoredRecord | undefined {
    return this.#sql.findOperation.get(opId);
  }

  entity(id: EntityId): VersionedEntity | undefined {
    const row = this.#sql.entity.get(id.kind, id.project, id.environment, id.key);
    return row === undefined ? undefined : versioned(row);
  }

  entities(query: EntityQuery): readonly VersionedEntity[] {
    const rows = this.#sql.entities.all({
      kind: query.kind,
      project: query.project ?? null,
      environment: query.environment ?? null,
      afterKey: query.afterKey ?? '',
      limit: query.limit,
    });
    return rows.map(versioned);
  }

  revisionsOf(id: EntityId, below: number, limit: number): readonly number[] {
    return this.#sql.revisionsOf.all(id.kind, id.project, id.environment, id.key, below, limit);
  }

  firstRevisionOf(id: EntityId): number | undefined {
    return this.#sql.firstRevisionOf.get(id.kind, id.project, id.environment, id.key);
  }

  namedRevisions(scope: AuditScope, below: number, limit: number): readonly number[] {
    return scope.project === undefined
      ? this.#sql.namedRevisions.all(below, limit)
      : this.#sql.namedRevisionsOfProject.all(scope.project, below, limit);
  }

  namedEntitiesChanged(scope: AuditScope, after: number, upTo: number, limit: number): readonly EntityId[] {
    const rows =
      scope.project === undefined
        ? this.#sql.namedChanged.all(after, upTo, limit)
        : this.#sql.namedChangedOfProject.all(scope.project, after, upTo, limit);
    return rows.map((row) => ({ ...row, kind: row.kind as EntityKind }));
  }

  wallMsAt(revision: number): number | undefined {
    return this.#sql.wallMsAt.get(revision);
  }

  bytesAfter(revision: number): number {
    return this.#sql.bytesAfter.get(revision)!;
  }

  recentHashes(max: number): readonly Uint8Array[] {
    return this.#sql.hashesAfter.all(this.#head.revision - max);
  }

  all(): readonly VersionedEntity[] {
    return this.#sql.all.all().map(versioned);
  }

  restoredMark(): boolean {
    return this.#restored;
  }

  restoredOver(): number {
    return this.#restoredOver;
  }

  shippedEpoch(): number {
    return this.#shippedEpoch;
  }

  noteShippedEpoch(epoch: number): void {
    if (epoch <= this.#shippedEpoch) return;
    this.#commit(() => this.#sql.putShippedEpoch.run(epoch));
    this.#shippedEpoch = epoch;
  }

  announcedEpoch(): number {
    return this.#announcedEpoch;
  }

  noteAnnouncedEpoch(epoch: number): void {
    if (epoch <= this.#announcedEpoch) return;
    this.#commit(() => this.#sql.putAnnouncedEpoch.run(epoch));
    this.#announcedEpoch = epoch;
  }

  /** Checkpoints the write-ahead log and closes the file. */
  close(): void {
    if (!this.#db.open) return;
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  /** One transaction: all of it, or nothing. */
  #commit(run: () => void): void {
    try {
      this.#db.transaction(run).immediate();
    } catch (cause) {
      throw asStorageError(cause);
    }
  }

  /** @param alongside goes to the disk with the record, or not at all */
  #fold(record: LogRecord, alongside: () => void): void {
    assertContinues(this.#head, record);
    const digest = StateDigest.from(this.#digest.toBytes());
    this.#commit(() => {
      this.#foldRows(record, digest);
      alongside();
    });
    this.#digest = digest;
    this.#head = { epoch: record.epoch, revision: record.revision, hash: record.hash };
    if (record.genesis !== undefined) this.#lineage = record.genesis.lineage;
  }

  #foldRows(record: LogRecord, digest: StateDigest): void {
    const expanded = expandRecord(this.#codec, record, (id) => this.entity(id)?.change);
    if (expanded.kind === 'broken') throw fail('LOG_CORRUPT', expanded.detail);
    for (const change of expanded.changes) {
      const damage = contentDamage(this.#codec.sha256, change);
      if (damage !== undefined) throw fail('LOG_CORRUPT', `revision ${record.revision}: ${damage}`);
    }
    crashPoint('fold-before-insert');
    this.#sql.insertLog.run({
      revision: record.revision,
      epoch: record.epoch,
      hash: record.hash,
      opId: record.opId,
      wallMs: record.wallMs,
      bytes: record.bytes,
    });
    crashPoint('fold-after-insert');
    for (const change of expanded.changes) this.#putEntity({ change, version: record.revision }, digest);
    for (const part of expanded.spent) this.#dropEntity(part, digest);
    if (record.genesis !== undefined) this.#replaceLineage(record.genesis.lineage);
    this.#sql.putHead.run({
      epoch: record.epoch,
      revision: record.revision,
      hash: record.hash,
      stateDigest: digest.toBytes(),
    });
  }

  #putEntity(entity: VersionedEntity, digest: StateDigest): void {
    const { change, version } = entity;
    const before = this.entity(change);
    if (before !== undefined && !before.change.deleted)
      digest.remove(entityDigest(this.#codec.sha256, before));
    if (!change.deleted) digest.add(entityDigest(this.#codec.sha256, entity));
    this.#sql.putEntity.run({
      kind: change.kind,
      project: change.project,
      environment: change.environment,
      key: change.key,
      version,
      deleted: change.deleted ? 1 : 0,
      content: change.content,
      contentHash: change.contentHash,
      tags: JSON.stringify(change.tags),
      clientVisible: change.clientVisible ? 1 : 0,
    });
    this.#sql.putRevision.run(change.kind, change.project, change.environment, change.key, version);
  }

  #dropEntity(change: EntityChange, digest: StateDigest): void {
    const before = this.entity(change);
    if (before !== undefined) digest.remove(entityDigest(this.#codec.sha256, before));
    this.#sql.dropEntity.run(change.kind, change.project, change.environment, change.key);
  }

  #replaceLineage(lineage: readonly EpochBase[]): void {
    for (const base of lineage) {
      this.#sql.putEpoch.run({
        epoch: base.epoch,
        baseRevision: base.baseRevision,
        baseHash: base.baseHash,
        startedMs: base.startedMs,
        reason: base.reason,
      });
    }
  }

  #readLineage(): EpochBase[] {
    return this.#sql.epochs.all().map((row) => ({
      epoch: row.epoch,
      baseRevision: row.base_revision,
      baseHash: row.base_hash,
      startedMs: row.started_ms,
      reason: row.reason,
    }));
  }

  /** The newest links of the chain must hold, be for this release to read, and end at the head. */
  #verifyTail(path: string): void {
    const first = Math.max(0, this.#head.revision - START_CHECK_LINKS);
    let before = this.recordAt(first)?.hash;
    let revision = first;
    let minReader = 0;
    for (const row of this.readLog(first, START_CHECK_LINKS)) {
      revision++;
      const record = this.#link(row, before);
      if (row.revision !== revision || record === undefined)
        throw fail('LOG_CORRUPT', `the hash chain is broken at revision ${revision}`);
      before = row.hash;
      minReader = Math.max(minReader, record.minReader);
    }
    if (revision !== this.#head.revision || !bytesEqual(before ?? ORIGIN.hash, this.#head.hash))
      throw fail('LOG_CORRUPT', `the log ends at revision ${revision}, its head says ${this.#head.revision}`);
    // What they mean is not known here: the state may not be what this release takes it for.
    if (minReader > READER_VERSION) throw tooNewFile(path, 'records for reader', minReader, READER_VERSION);
  }

  /** A row's record; undefined when its bytes are not what its hash says, or do not follow the row before. */
  #link(row: StoredRecord, before: Uint8Array | undefined): LogRecord | undefined {
    if (!bytesEqual(chainHash(this.#codec.sha256, row.bytes), row.hash)) return undefined;
    const record = this.#codec.decodeRecord(row.bytes);
    const follows = before === undefined || bytesEqual(record.prevHash, before);
    return follows && record.revision === row.revision ? record : undefined;
  }
}

function digestOf(bytes: Uint8Array, path: string): StateDigest {
  try {
    return StateDigest.from(bytes);
  } catch (cause) {
    throw damagedFile(path, cause as Error);
  }
}

/** Pages that there are already stay. */
function limitSize(db: Database.Database, bytesMax: number): void {
  if (bytesMax === 0) return;
  const pages = Math.max(1, Math.floor(bytesMax / Number(readPragma(db, 'page_size'))));
  db.exec(`PRAGMA max_page_count = ${pages}`);
}

function asStorageError(cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && code.startsWith('SQLITE_CORRUPT')
    ? fail('LOG_CORRUPT', 'the file of the log is damaged: nothing was written', { cause })
    : asDiskFailure(cause, 'whether the change was written is not known');
}
