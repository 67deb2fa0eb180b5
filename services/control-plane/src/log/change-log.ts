/**
 * Commit: a decided set of changes becomes the next revision, or is staged and
 * becomes visible with one. The only writer of the store; synchronous, so that
 * writes are serial by construction.
 *
 * Holds true: when append returns, the revision is on disk, and every
 * onCommit listener has been told. While writes are held or refused, only a
 * GENESIS and what another process of this log wrote get in.
 */

import { type ErrorReason, fail, LIMITS } from '@flagstream/protocol';
import {
  type Actor,
  bytesEqual,
  type Codec,
  ENTITY_KIND,
  type EntityChange,
  type EpochBase,
  genesisFields,
  LOG_ID,
  type LogRecord,
  type PartRef,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
  type RecordFields,
  type ShipStop,
  type TakeOver,
  type WriteGate,
} from '@flagstream/replica';
import type { AuditStore } from './audit-store.ts';
import { isOfEpoch } from './continuation.ts';
import { fitsOneRecord, type StagedPart, stageParts } from './staging.ts';

/** What a revision will say, apart from its place in the log. */
export interface Write {
  readonly opId: string;
  /** SHA-256 of the canonical request; see admin/request-digest.ts. */
  readonly requestDigest: Uint8Array;
  readonly actor: Actor;
  readonly comment: string;
  readonly changes: readonly EntityChange[];
}

export interface ChangeLogOptions {
  readonly store: AuditStore;
  readonly codec: Codec;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export const SYSTEM_ACTOR: Actor = { id: 'flagstream', kind: 'system' };
/** Begins the operation ids that the control plane gives to its own records; no caller's can. */
const OWN_OPERATION = '#';
const NO_BYTES = new Uint8Array(0);
const STOP_REASONS: Readonly<Record<ShipStop, ErrorReason>> = {
  forked: 'LOG_FORKED',
  gap: 'REVISIONS_MISSING',
  'too-new': 'SCHEMA_TOO_NEW',
};
/** Parts read at a time while looking for orphans: each may hold 256 KiB. */
const SWEEP_PAGE = 16;

/** Why writes are refused. */
export interface Refusal {
  readonly reason: ErrorReason;
  readonly why: string;
}

/** Is told the records of one commit, in order: one, or those that staged a large set and the one that shows it. */
export type CommitListener = (records: readonly LogRecord[]) => void;

export class ChangeLog {
  readonly store: AuditStore;
  readonly #codec: Codec;
  readonly #now: () => number;
  readonly #listeners = new Set<CommitListener>();
  #refused: Refusal | undefined;
  #gate: WriteGate = { kind: 'open' };

  constructor(options: ChangeLogOptions) {
    this.store = options.store;
    this.#codec = options.codec;
    this.#now = options.now;
  }

  /**
   * Gives a store that has never been written its first record.
   * @param identity 32 random bytes that tell this log from every other.
   */
  begin(identity: Uint8Array): void {
    if (this.store.head().revision > 0) return;
    this.#foldGenesis({
      epoch: 1,
      baseRevision: 0,
      baseHash: identity,
      startedMs: this.#now(),
      reason: 'new log',
    });
  }

  /**
   * Begins an epoch at the head: the same log goes on, in a stream of its own.
   * Its identity stays the first epoch's base. A restored file is none from then on.
   * @param by who decided it, when a person did
   * @throws FlagstreamError STORAGE_FULL; then nothing took effect.
   */
  beginEpoch(epoch: number, reason: string, by?: TakeOver): Position {
    const { revision, hash } = this.store.head();
    const startedMs = this.#now();
    const genesis = this.#foldGenesis(
      { epoch, baseRevision: revision, baseHash: hash, startedMs, reason },
      by,
    );
    this.#tell([genesis]);
    return this.store.head();
  }

  /**
   * Takes in a record that an earlier process of this log wrote and that only
   * NATS still holds. False, and nothing happened, when it does not continue
   * the head, or is no record at all.
   * @throws FlagstreamError STORAGE_FULL, LOG_CORRUPT, SCHEMA_TOO_NEW.
   */
  foldForeign(bytes: Uint8Array): boolean {
    const record = this.#decoded(bytes);
    if (record === undefined || !this.#isNext(record)) return false;
    this.store.fold(record);
    this.#tell([record]);
    return true;
  }

  head(): Position {
    return this.store.head();
  }

  /** Last revision before the head's epoch. */
  get baseRevision(): number {
    return this.store.lineage().at(-1)?.baseRevision ?? 0;
  }

  /** Why writes are refused until a person does something, or undefined. */
  get refusal(): Refusal | undefined {
    const gate = this.#gate;
    if (this.#refused !== undefined || gate.kind !== 'refused') return this.#refused;
    return { reason: STOP_REASONS[gate.code], why: gate.detail };
  }

  /** Why writes are not taken now, refused or held, as append says it; undefined when they are. */
  get stopped(): Refusal | undefined {
    const gate = this.#gate;
    return this.refusal ?? (gate.kind === 'held' ? { reason: 'WRITES_HELD', why: gate.detail } : undefined);
  }

  /** The same as a sentence. */
  get writesStopped(): string | undefined {
    return this.stopped?.why;
  }

  /** What shipping allows. Does not lift what refuseWrites said. */
  setGate(gate: WriteGate): void {
    this.#gate = gate;
  }

  /** From now on every append fails with this reason; reads go on. */
  refuseWrites(why: string, reason: ErrorReason = 'LOG_FORKED'): void {
    this.#refused = { why, reason };
  }

  /** Tells after each commit, until the returned function is called. */
  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Commits the changes as one revision.
   * @throws FlagstreamError WRITES_HELD, LOG_FORKED, REVISIONS_MISSING, SCHEMA_TOO_NEW, LIMIT_EXCEEDED, STORAGE_FULL,
   * or what refuseWrites said; then no revision took effect, parts of a large set excepted.
   */
  append(write: Write): Position {
    const { stopped } = this;
    if (stopped !== undefined) throw fail(stopped.reason, stopped.why);
    const records: LogRecord[] = [];
    try {
      if (fitsOneRecord(write.changes)) {
        records.push(this.#fold({ ...write, parts: [] }));
      } else {
        const parts = this.#stage(write, records);
        records.push(this.#fold({ ...write, changes: [], parts }));
      }
    } finally {
      // Parts that a full disk leaves alone are revisions too: who follows must not wait for them.
      if (records.length > 0) this.#tell(records);
    }
    return this.store.head();
  }

  /**
   * Removes parts of an apply that a crash kept from becoming visible, an hour
   * after they were written: a retry of that apply may still want them before.
   */
  removeOrphanParts(): void {
    const orphans = this.#findOrphans(this.#now() - LIMITS.orphanPartMs);
    if (orphans.length === 0) return;
    this.append({
      opId: `${OWN_OPERATION}orphans-${this.store.head().revision + 1}`,
      requestDigest: NO_BYTES,
      actor: SYSTEM_ACTOR,
      comment: 'parts of an apply that never became visible',
      changes: orphans,
    });
  }

  #tell(records: readonly LogRecord[]): void {
    for (const listener of this.#listeners) listener(records);
  }

  #foldGenesis(base: EpochBase, by?: TakeOver): LogRecord {
    const opId = `${OWN_OPERATION}genesis-${base.epoch}`;
    const fields = genesisFields([...this.store.lineage(), base], opId, by?.actor ?? SYSTEM_ACTOR);
    const record = this.#codec.encodeRecord({ ...fields, comment: by?.comment ?? base.reason });
    this.store.begin(record);
    return record;
  }

  /** Undefined for bytes that are no record. */
  #decoded(bytes: Uint8Array): LogRecord | undefined {
    try {
      return this.#codec.decodeRecord(bytes);
    } catch {
      // Somebody else wrote them.
      return undefined;
    }
  }

  /** The next record of this log: of the head's epoch, or the first one of a later epoch that begins there. */
  #isNext(record: LogRecord): boolean {
    const { logId, revision, prevHash, minReader } = record;
    const head = this.store.head();
    if (logId !== LOG_ID || revision !== head.revision + 1 || !bytesEqual(prevHash, head.hash)) return false;
    // What else a newer release's record says is not ours to judge: the fold says that it is too new.
    return minReader > READER_VERSION || isOfEpoch(head, record);
  }

  #findOrphans(writtenUntilMs: number): EntityChange[] {
    const orphans: EntityChange[] = [];
    const contentHash = this.#codec.sha256(NO_BYTES);
    let afterKey = '';
    for (;;) {
      const page = this.store.entities({ kind: ENTITY_KIND.part, project: '', afterKey, limit: SWEEP_PAGE });
      for (const { change, version } of page) {
        if (change.deleted || (this.store.wallMsAt(version) ?? 0) > writtenUntilMs) continue;
        orphans.push({ ...change, deleted: true, content: NO_BYTES, contentHash });
        if (orphans.length === LIMITS.recordEntitiesMax) return orphans;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < SWEEP_PAGE) return orphans;
      afterKey = last.change.key;
    }
  }

  /** Writes the parts that are not there yet, each as a revision of its own that goes into `records`. */
  #stage(write: Write, records: LogRecord[]): PartRef[] {
    let n = 0;
    const nextOpId = (): string => {
      do n++;
      while (this.store.findOperation(`${write.opId}#${n}`) !== undefined);
      return `${write.opId}#${n}`;
    };
    const parts = stageParts(this.#codec, write.changes);
    for (const part of parts) {
      if (this.#isStaged(part)) continue;
      const record = this.#fold({
        opId: nextOpId(),
        requestDigest: part.ref.sha256,
        actor: write.actor,
        comment: '',
        changes: [part.change],
        parts: [],
      });
      records.push(record);
    }
    return parts.map((part) => part.ref);
  }

  /** True for a part that an earlier, interrupted attempt wrote. */
  #isStaged(part: StagedPart): boolean {
    const known = this.store.entity(part.change);
    return known !== undefined && !known.change.deleted;
  }

  #fold(write: Write & { readonly parts: readonly PartRef[] }): LogRecord {
    const head = this.store.head();
    const fields: RecordFields = {
      format: RECORD_FORMAT,
      logId: LOG_ID,
      epoch: head.epoch,
      revision: head.revision + 1,
      prevHash: head.hash,
      opId: write.opId,
      requestDigest: write.requestDigest,
      kind: write.changes.length + write.parts.length === 0 ? 'noop' : 'change',
      actor: write.actor,
      wallMs: this.#now(),
      comment: write.comment,
      minReader: READER_VERSION,
      changes: write.changes,
      parts: write.parts,
    };
    const record = this.#codec.encodeRecord(fields);
    this.store.fold(record);
    return record;
  }
}
