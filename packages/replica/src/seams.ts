/**
 * The seams of solo mode: what I/O stands behind. A Store commits and reads:
 * SQLite, or memory in tests and in the simulation. A follower is given a
 * LogSource (records: in process, JetStream, or gRPC), a SnapshotSource and a
 * HeadAuthority. Shipping needs no seam here: ShipDecision answers with orders.
 */
import type { EntityId, EntityKind, VersionedEntity } from './entity.ts';
import type { Position } from './position.ts';
import type { EpochBase, LogRecord } from './record.ts';

/** What a Store answers about one committed record. */
export interface StoredRecord {
  readonly epoch: number;
  readonly revision: number;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Entities of one kind, by key, after a key: a page. */
export interface EntityQuery {
  readonly kind: EntityKind;
  readonly project?: string;
  readonly environment?: string;
  readonly afterKey?: string;
  readonly limit: number;
}

/**
 * The durable truth. Synchronous: one writer, and a commit is one transaction
 * that has reached the disk when fold returns.
 */
export interface Store {
  head(): Position;
  lineage(): readonly EpochBase[];
  /** State digest of all live entities, 16 bytes. */
  stateDigest(): Uint8Array;
  /**
   * Commits one record in one transaction: checks that it continues the head,
   * inserts it, folds its changes. Throws when it does not continue the head.
   */
  fold(record: LogRecord): void;
  /** Records after a revision, in order, gapless, at most `max`. */
  readLog(afterRevision: number, max: number): readonly StoredRecord[];
  recordAt(revision: number): StoredRecord | undefined;
  findOperation(opId: string): StoredRecord | undefined;
  /** The entity's current state, also when deleted. */
  entity(id: EntityId): VersionedEntity | undefined;
  entities(query: EntityQuery): readonly VersionedEntity[];
  close(): void;
}

/** Soft state that tells how far the log is. */
export interface HeadBeacon {
  readonly logId: string;
  readonly epoch: number;
  readonly stream: string;
  readonly baseRevision: number;
  readonly headRevision: number;
  readonly headHash: Uint8Array;
  readonly stateDigest: Uint8Array;
  readonly minReader: number;
  readonly controlPlaneId: string;
  readonly bootId: string;
}

/** What a source tells its listener. */
export type SourceStatus =
  /** Delivering. */
  | { readonly kind: 'live' }
  /** Not reachable; the source goes on trying. */
  | { readonly kind: 'down'; readonly detail: string }
  /** Cannot continue from the wanted position: a snapshot is needed. */
  | { readonly kind: 'behind'; readonly firstRevision: number; readonly detail: string };

export interface LogListener {
  /** Encoded records, in order. May repeat what was delivered before. */
  records(records: readonly Uint8Array[]): void;
  head(beacon: HeadBeacon): void;
  status(status: SourceStatus): void;
}

/** Where a follower reads the log. */
export interface LogSource {
  /** Delivers what comes after a position, then each new record, until closed. */
  open(after: Position, listener: LogListener): LogSubscription;
}

export interface LogSubscription {
  close(): Promise<void>;
}

/** Folded state at one position: live entities, and deleted ones within the delta window. */
export interface Snapshot {
  readonly position: Position;
  readonly lineage: readonly EpochBase[];
  readonly stateDigest: Uint8Array;
  readonly entities: readonly VersionedEntity[];
  /** Chain hashes of the newest revisions, the last one being the position's, oldest first. */
  readonly recentHashes: readonly Uint8Array[];
}

/** Whose word a snapshot is: NATS may hold what another writer left there. */
export type SnapshotOrigin = 'control-plane' | 'nats';

export interface SnapshotSource {
  readonly origin: SnapshotOrigin;
  /** Rejects when no snapshot can be had now. */
  fetch(): Promise<Snapshot>;
}

/** Who knows how far the log is. An answer proves how fresh a follower is: as of the moment of asking. */
export interface HeadAuthority {
  /** Rejects when nobody answers in time. */
  askHead(): Promise<HeadBeacon>;
}
