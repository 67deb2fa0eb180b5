/**
 * Commit: a decided set of changes becomes the next revision, or is staged and
 * becomes visible with one. The only writer of the store; synchronous, so that
 * writes are serial by construction.
 *
 * Holds true: when append returns, the revision is on disk, and every
 * onCommit listener has been told.
 */

import { type ErrorReason, fail, LIMITS } from '@flagstream/protocol';
import {
  type Actor,
  type Codec,
  ENTITY_KIND,
  type EntityChange,
  genesisFields,
  LOG_ID,
  type PartRef,
  type Position,
  READER_VERSION,
  RECORD_FORMAT,
  type RecordFields,
} from '@flagstream/replica';
import type { AuditStore } from './audit-store.ts';
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
/** Parts read at a time while looking for orphans: each may hold 256 KiB. */
const SWEEP_PAGE = 16;

export class ChangeLog {
  readonly store: AuditStore;
  readonly #codec: Codec;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #writesRefused: { readonly why: string; readonly reason: ErrorReason } | undefined;

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
    const base = {
      epoch: 1,
      baseRevision: 0,
      baseHash: identity,
      startedMs: this.#now(),
      reason: 'new log',
    };
    this.store.fold(
      this.#codec.encodeRecord(genesisFields([base], `${OWN_OPERATION}genesis-1`, SYSTEM_ACTOR)),
    );
  }

  head(): Position {
    return this.store.head();
  }

  /** Why writes are refused, or undefined. */
  get writesRefused(): string | undefined {
    return this.#writesRefused?.why;
  }

  /** From now on every append fails with this reason; reads go on. */
  refuseWrites(why: string, reason: ErrorReason = 'LOG_FORKED'): void {
    this.#writesRefused = { why, reason };
  }

  /** Tells after each commit, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Commits the changes as one revision.
   * @throws FlagstreamError LOG_FORKED, STORAGE_FULL; then nothing took effect.
   */
  append(write: Write): Position {
    if (this.#writesRefused !== undefined) throw fail(this.#writesRefused.reason, this.#writesRefused.why);
    const before = this.store.head();
    try {
      if (fitsOneRecord(write.changes)) {
        this.#fold({ ...write, parts: [] });
      } else {
        const parts = this.#stage(write);
        this.#fold({ ...write, changes: [], parts });
      }
    } finally {
      // Parts that a full disk leaves alone are revisions too: who follows must not wait for them.
      if (this.store.head() !== before) for (const listener of this.#listeners) listener();
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

  /** Writes the parts that are not there yet, each as a revision of its own. */
  #stage(write: Write): PartRef[] {
    let n = 0;
    const nextOpId = (): string => {
      do n++;
      while (this.store.findOperation(`${write.opId}#${n}`) !== undefined);
      return `${write.opId}#${n}`;
    };
    const parts = stageParts(this.#codec, write.changes);
    for (const part of parts) {
      if (this.#isStaged(part)) continue;
      this.#fold({
        opId: nextOpId(),
        requestDigest: part.ref.sha256,
        actor: write.actor,
        comment: '',
        changes: [part.change],
        parts: [],
      });
    }
    return parts.map((part) => part.ref);
  }

  /** True for a part that an earlier, interrupted attempt wrote. */
  #isStaged(part: StagedPart): boolean {
    const known = this.store.entity(part.change);
    return known !== undefined && !known.change.deleted;
  }

  #fold(write: Write & { readonly parts: readonly PartRef[] }): void {
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
    if (record.bytes.length > LIMITS.recordBytesMax)
      throw fail(
        'LIMIT_EXCEEDED',
        `the record has ${record.bytes.length} bytes, the limit is ${LIMITS.recordBytesMax}`,
      );
    this.store.fold(record);
  }
}
