/**
 * What the control plane asks of its store beyond the Store seam: where each
 * entity has been (the log holds every past state; these are its indexes), and
 * notes about the file itself that are no part of the log.
 */
import type { EntityId, LogRecord, Store, VersionedEntity } from '@flagstream/replica';

/** All of the log, or what happened in one project. */
export interface AuditScope {
  readonly project?: string;
}

export interface AuditStore extends Store {
  /** Revisions that changed an entity, newest first, below a revision, at most `limit`. */
  revisionsOf(id: EntityId, below: number, limit: number): readonly number[];
  /** The revision that created the entity. */
  firstRevisionOf(id: EntityId): number | undefined;
  /** Revisions that changed what people change, API keys too, newest first, below a revision. */
  namedRevisions(scope: AuditScope, below: number, limit: number): readonly number[];
  /** Entities that can be taken back and that revisions after `after`, up to `upTo`, changed, at most `limit`. */
  namedEntitiesChanged(scope: AuditScope, after: number, upTo: number, limit: number): readonly EntityId[];
  /** Unix milliseconds written into a record; information only. */
  wallMsAt(revision: number): number | undefined;
  /** What the records after a revision take, in bytes. */
  bytesAfter(revision: number): number;
  /** Chain hashes of the newest revisions, oldest first, at most `max`. */
  recentHashes(max: number): readonly Uint8Array[];
  /** Every entity, deleted ones included, by kind, project, environment, key. */
  all(): readonly VersionedEntity[];
  /** Whether the file was put back from a backup and has not been compared with the stream since. */
  restoredMark(): boolean;
  /** Newest epoch that is known of the log whose place such a file took; 0 when nothing is. */
  restoredOver(): number;
  /**
   * Folds the GENESIS of an epoch that this process begins. A restored file's mark goes with it, in the same
   * transaction: a crash leaves both, or neither.
   */
  begin(genesis: LogRecord): void;
  /** Newest epoch whose GENESIS is known to be in the stream; 0 before the first. */
  shippedEpoch(): number;
  /** Durable when it returns. An epoch that is not above the noted one changes nothing. */
  noteShippedEpoch(epoch: number): void;
  /** Newest epoch that followers were told of over NATS; 0 before the first. */
  announcedEpoch(): number;
  /** Durable when it returns. An epoch that is not above the noted one changes nothing. */
  noteAnnouncedEpoch(epoch: number): void;
}
