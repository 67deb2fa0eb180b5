/**
 * Whether a log's file is what it should be: pages, chain, epochs, content
 * hashes, and that its entities are what the log folds to. Reads only, in
 * steps: between two of them the caller may rest.
 *
 * Holds true: the figures and the verdict are about one moment of the file,
 * whatever is written to it meanwhile.
 */
import { fail } from '@flagstream/protocol';
import {
  bytesEqual,
  type Codec,
  compareEntityIds,
  contentDamage,
  type EntityChange,
  type EpochBase,
  entityDigest,
  entityKey,
  hex,
  type LogRecord,
  LogState,
  ORIGIN,
  type Position,
  StateDigest,
  type VersionedEntity,
} from '@flagstream/replica';
import type Database from 'better-sqlite3';
import { recordTooNew } from './continuation.ts';
import { type EntityRow, versioned } from './entity-row.ts';
import { keep } from './native-objects.ts';

/**
 * `stored`: everything that is hashed is what its hash says. `folded`: the
 * entities also are, byte for byte, what the log folds to; needs memory for
 * them twice.
 */
export type VerifyDepth = 'stored' | 'folded';

export interface LogFigures {
  readonly epoch: number;
  readonly revision: number;
  /** Chain hash of the newest record, hex. */
  readonly hash: string;
  /** Hex. */
  readonly stateDigest: string;
  readonly epochs: number;
  /** Changes of entities in all records, parts as one. */
  readonly changes: number;
  /** Of all records. */
  readonly bytes: number;
  readonly entities: number;
  readonly tombstones: number;
}

interface HeadRow extends Position {
  readonly stateDigest: Uint8Array;
}

interface LogRow {
  readonly revision: number;
  readonly epoch: number;
  readonly hash: Uint8Array;
  readonly opId: string;
  readonly wallMs: number;
  readonly bytes: Uint8Array;
}

type NumberedEntityRow = EntityRow & { readonly row: number };

/** Rows read at once: each may hold half a megabyte. */
const PAGE_ROWS = 64;

/**
 * Verifies the open file, one page of rows between two yields.
 * @throws FlagstreamError LOG_CORRUPT naming the first thing that is wrong, SCHEMA_TOO_NEW when only a newer
 * release can fold it.
 */
export function* verifyLog(
  db: Database.Database,
  codec: Codec,
  depth: VerifyDepth,
): Generator<void, LogFigures> {
  const verification = new Verification(db, codec, depth);
  verification.checkPages();
  yield;
  // The log only grows. Most of it is read without a transaction, which would keep SQLite from
  // emptying its write-ahead log for as long as this takes.
  if (depth === 'stored') yield* verification.readChain();
  db.exec('BEGIN');
  try {
    yield* verification.readChain();
    yield* verification.readEntities();
    return verification.figures();
  } finally {
    if (db.inTransaction) db.exec('COMMIT');
  }
}

class Verification {
  readonly #codec: Codec;
  readonly #depth: VerifyDepth;
  readonly #check: Database.Statement<[], string>;
  readonly #head: Database.Statement<[], HeadRow>;
  readonly #epochs: Database.Statement<[], EpochBase>;
  readonly #log: Database.Statement<[number, number, number], LogRow>;
  readonly #entities: Database.Statement<[number, number], NumberedEntityRow>;
  readonly #state: LogState;
  #position: Position = ORIGIN;
  #lineage: readonly EpochBase[] = [];
  #changes = 0;
  #bytes = 0;
  #live = 0;
  #tombstones = 0;
  #digest = new StateDigest();

  constructor(db: Database.Database, codec: Codec, depth: VerifyDepth) {
    this.#codec = codec;
    this.#depth = depth;
    this.#state = new LogState(codec, { tombstoneRevisions: Number.POSITIVE_INFINITY });
    const check = depth === 'stored' ? 'quick_check' : 'integrity_check';
    this.#check = keep(db.prepare<[], string>(`PRAGMA ${check}(1)`).pluck());
    this.#head = keep(db.prepare('SELECT epoch, revision, hash, state_digest AS stateDigest FROM head'));
    this.#epochs = keep(
      db.prepare(
        `SELECT epoch, base_revision AS baseRevision, base_hash AS baseHash, started_ms AS startedMs, reason
         FROM epoch ORDER BY epoch`,
      ),
    );
    this.#log = keep(
      db.prepare(
        `SELECT revision, epoch, hash, op_id AS opId, wall_ms AS wallMs, bytes FROM log
         WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?`,
      ),
    );
    this.#entities = keep(
      db.prepare('SELECT rowid AS row, * FROM entity WHERE rowid > ? ORDER BY rowid LIMIT ?'),
    );
  }

  checkPages(): void {
    const verdict = this.#check.get();
    if (verdict !== 'ok') throw broken(`SQLite finds the file damaged: ${verdict ?? 'no verdict'}`);
  }

  /** The chain from where it was read to up to the head as it is now. */
  *readChain(): Generator<void> {
    const head = this.#headRow();
    while (this.#position.revision < head.revision) {
      const page = this.#log.all(this.#position.revision, head.revision, PAGE_ROWS);
      if (page.length === 0)
        throw broken(`the log ends at revision ${this.#position.revision}, its head says ${head.revision}`);
      for (const row of page) this.#readRecord(row);
      yield;
    }
    if (this.#position.revision > head.revision || !bytesEqual(this.#position.hash, head.hash))
      throw broken(`the head is not the record at revision ${head.revision}`);
  }

  *readEntities(): Generator<void> {
    for (let after = 0; ; ) {
      const page = this.#entities.all(after, PAGE_ROWS);
      const last = page.at(-1);
      if (last === undefined) break;
      for (const row of page) this.#readEntity(versioned(row));
      after = last.row;
      yield;
    }
    if (!bytesEqual(this.#digest.toBytes(), this.#headRow().stateDigest))
      throw broken('the entities do not add up to the state digest');
    this.#checkLineage(this.#epochs.all());
    if (this.#depth === 'folded') this.#checkFold();
  }

  figures(): LogFigures {
    return {
      epoch: this.#position.epoch,
      revision: this.#position.revision,
      hash: hex(this.#position.hash),
      stateDigest: hex(this.#digest.toBytes()),
      epochs: this.#lineage.length,
      changes: this.#changes,
      bytes: this.#bytes,
      entities: this.#live,
      tombstones: this.#tombstones,
    };
  }

  #headRow(): HeadRow {
    return this.#head.get() ?? { ...ORIGIN, stateDigest: new StateDigest().toBytes() };
  }

  #readRecord(row: LogRow): void {
    const record = this.#decode(row);
    const before = this.#position;
    if (record.revision !== before.revision + 1)
      throw broken(`revision ${before.revision + 1} is missing from the log`);
    if (before.revision > 0 && !bytesEqual(record.prevHash, before.hash))
      throw broken(`the hash chain is broken at revision ${record.revision}`);
    this.#checkEpoch(record);
    for (const change of record.changes) this.#checkContent(change, `in revision ${record.revision}`);
    if (this.#depth === 'folded') this.#fold(record);
    this.#position = { epoch: record.epoch, revision: record.revision, hash: record.hash };
    if (record.genesis !== undefined) this.#lineage = record.genesis.lineage;
    this.#changes += record.changes.length;
    this.#bytes += record.bytes.length;
  }

  /** The record of a row, whose columns must say what it says. */
  #decode(row: LogRow): LogRecord {
    let record: LogRecord;
    try {
      record = this.#codec.decodeRecord(row.bytes);
    } catch (cause) {
      throw broken(`the record at revision ${row.revision} cannot be read`, cause);
    }
    const { revision, epoch, opId, wallMs, hash } = record;
    if (!bytesEqual(hash, row.hash))
      throw broken(`the record at revision ${row.revision} is not what its hash says`);
    if (revision !== row.revision || epoch !== row.epoch || opId !== row.opId || wallMs !== row.wallMs)
      throw broken(`the row of revision ${row.revision} does not say what its record says`);
    return record;
  }

  /** An epoch begins with GENESIS, which continues the lineage and knows where it begins. */
  #checkEpoch(record: LogRecord): void {
    const { lineage = [] } = record.genesis ?? {};
    if (record.genesis === undefined) {
      if (record.epoch !== this.#position.epoch)
        throw broken(`revision ${record.revision} is of epoch ${record.epoch}, which has not begun`);
      return;
    }
    const base = lineage.at(-1);
    if (
      base?.epoch !== record.epoch ||
      record.epoch <= this.#position.epoch ||
      base.baseRevision !== this.#position.revision ||
      !bytesEqual(base.baseHash, record.prevHash) ||
      !sameLineage(lineage.slice(0, -1), this.#lineage)
    )
      throw broken(`the GENESIS at revision ${record.revision} does not continue the lineage`);
  }

  #fold(record: LogRecord): void {
    const outcome = this.#state.apply(record);
    if (outcome.kind === 'applied') return;
    if (outcome.kind === 'frozen') throw recordTooNew(record);
    const detail = 'detail' in outcome ? outcome.detail : outcome.kind;
    throw broken(`revision ${record.revision} does not fold: ${detail}`);
  }

  #readEntity(entity: VersionedEntity): void {
    const { change } = entity;
    this.#checkContent(change, 'in the entities');
    if (change.deleted) this.#tombstones += 1;
    else {
      this.#live += 1;
      this.#digest.add(entityDigest(this.#codec.sha256, entity));
    }
    if (this.#depth === 'folded' && !sameEntity(this.#state.entity(entityKey(change)), entity))
      throw broken(`${entityKey(change)} is not what the log folds to`);
  }

  #checkContent(change: EntityChange, where: string): void {
    const damage = contentDamage(this.#codec.sha256, change);
    if (damage !== undefined) throw broken(`${where}, ${damage}`);
  }

  #checkLineage(stored: readonly EpochBase[]): void {
    if (!sameLineage(stored, this.#lineage))
      throw broken('the table of epochs does not say what the log says');
  }

  /** Nothing that the log folds to is missing: each stored entity was found among the folded ones. */
  #checkFold(): void {
    const folded = [...this.#state.entities()].length;
    const stored = this.#live + this.#tombstones;
    if (folded !== stored) throw broken(`the log folds to ${folded} entities, ${stored} are stored`);
    if (!bytesEqual(this.#state.digest, this.#digest.toBytes()))
      throw broken('the digest of the fold is not the digest of the entities');
  }
}

function sameEntity(folded: VersionedEntity | undefined, stored: VersionedEntity): boolean {
  return (
    folded !== undefined &&
    folded.version === stored.version &&
    compareEntityIds(folded.change, stored.change) === 0 &&
    folded.change.deleted === stored.change.deleted &&
    folded.change.clientVisible === stored.change.clientVisible &&
    bytesEqual(folded.change.content, stored.change.content) &&
    bytesEqual(folded.change.contentHash, stored.change.contentHash) &&
    folded.change.tags.length === stored.change.tags.length &&
    folded.change.tags.every((tag, i) => tag === stored.change.tags[i])
  );
}

function sameLineage(a: readonly EpochBase[], b: readonly EpochBase[]): boolean {
  return (
    a.length === b.length &&
    a.every((base, i) => {
      const other = b[i];
      return (
        other !== undefined &&
        base.epoch === other.epoch &&
        base.baseRevision === other.baseRevision &&
        base.startedMs === other.startedMs &&
        base.reason === other.reason &&
        bytesEqual(base.baseHash, other.baseHash)
      );
    })
  );
}

function broken(detail: string, cause?: unknown): Error {
  return fail('LOG_CORRUPT', detail, cause === undefined ? {} : { cause });
}
