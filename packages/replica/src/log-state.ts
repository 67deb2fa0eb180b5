/**
 * The fold: what a prefix of the log says. One implementation for everyone
 * who follows (evaluators, the simulation); the control plane's SQLite keeps
 * the same state in tables.
 *
 * Holds true: the state always equals the fold of a prefix of the log. A record
 * that does not continue the head changes nothing and is answered with why.
 */
import { contentDamage } from './content-damage.ts';
import { entityDigest, StateDigest } from './digest.ts';
import { type EntityChange, entityKey, type VersionedEntity } from './entity.ts';
import { type Standing, standing } from './lineage.ts';
import { expandRecord } from './parts.ts';
import { bytesEqual, formatPosition, ORIGIN, type Position } from './position.ts';
import { type Codec, type EpochBase, type LogRecord, READER_VERSION } from './record.ts';
import type { Snapshot } from './seams.ts';
import { checkSnapshot } from './snapshot-check.ts';

/** What became of a record. */
export type FoldOutcome =
  /** The record is in force; `changes` has the parts of an apply expanded. */
  | { readonly kind: 'applied'; readonly changes: readonly EntityChange[] }
  | { readonly kind: 'duplicate' }
  /** Of an older epoch. */
  | { readonly kind: 'outdated' }
  /** Records between the head and this one are missing. */
  | { readonly kind: 'gap'; readonly after: Position }
  /** Other bytes at a known place: this state or the log is not what it was. */
  | { readonly kind: 'diverged'; readonly revision: number; readonly detail: string }
  /** A new epoch continues an earlier place than the head, or another branch: the records since are withdrawn. */
  | { readonly kind: 'forked'; readonly revision: number; readonly detail: string }
  /** Written for a newer reader: stay before it. */
  | { readonly kind: 'frozen'; readonly minReader: number }
  /** A part that the record names is not there, or some content is not what its hash says. */
  | { readonly kind: 'broken'; readonly detail: string };

/**
 * Hashes of the newest revisions, kept to recognise duplicates and forks, and
 * clients whose revision is on this lineage: as many as the delta window holds.
 */
export const RECENT_HASHES_MAX = 10_000;

interface LogStateSettings {
  /**
   * Revisions for which a deleted entity is remembered. Default: as many as the delta window holds, since nobody is
   * told of it after that; `Infinity` for who must know it for ever.
   */
  readonly tombstoneRevisions?: number;
}

export class LogState {
  readonly #codec: Codec;
  readonly #tombstoneRevisions: number;
  #position: Position = ORIGIN;
  #lineage: readonly EpochBase[] = [];
  #entities = new Map<string, VersionedEntity>();
  #digest = new StateDigest();
  #recent = new Map<number, Uint8Array>();
  /** Keys of what was deleted, by the revision that did it; without those that are kept for ever. */
  #tombstones = new Map<number, string[]>();

  constructor(codec: Codec, { tombstoneRevisions = RECENT_HASHES_MAX }: LogStateSettings = {}) {
    this.#codec = codec;
    this.#tombstoneRevisions = tombstoneRevisions;
  }

  /**
   * Starts from a snapshot, which is checked unless it was before: checkSnapshot
   * says what throws.
   */
  static fromSnapshot(codec: Codec, snapshot: Snapshot, settings: LogStateSettings = {}): LogState {
    const check = checkSnapshot(codec.sha256, snapshot);
    while (!check.next().done);
    const { position, lineage, recentHashes } = snapshot;
    const state = new LogState(codec, settings);
    for (const entity of snapshot.entities) {
      const key = entityKey(entity.change);
      if (entity.change.deleted) {
        if (entity.version <= position.revision - state.#tombstoneRevisions) continue;
        state.#bury(key, entity.version);
      }
      state.#entities.set(key, entity);
    }
    state.#digest = StateDigest.from(snapshot.stateDigest);
    state.#position = position;
    state.#lineage = lineage;
    const oldest = position.revision - recentHashes.length + 1;
    for (const [index, hash] of recentHashes.entries()) state.#recent.set(oldest + index, hash);
    return state;
  }

  get position(): Position {
    return this.#position;
  }

  get lineage(): readonly EpochBase[] {
    return this.#lineage;
  }

  /** Which log this is; empty before the first record. */
  get logIdentity(): Uint8Array {
    return this.#lineage[0]?.baseHash ?? ORIGIN.hash;
  }

  /** 16 bytes over all live entities. */
  get digest(): Uint8Array {
    return this.#digest.toBytes();
  }

  /** How a place stands to this state. */
  standing(place: Position): Standing {
    return standing(this, place);
  }

  /** Chain hash at a revision, when it is recent enough to be known. */
  hashAt(revision: number): Uint8Array | undefined {
    return this.#recent.get(revision);
  }

  entity(key: string): VersionedEntity | undefined {
    return this.#entities.get(key);
  }

  /** Live entities and tombstones. */
  entities(): Iterable<VersionedEntity> {
    return this.#entities.values();
  }

  /** Folds one record, or says why not. */
  apply(record: LogRecord): FoldOutcome {
    const place = this.#place(record);
    if (place !== undefined) return place;
    if (record.minReader > READER_VERSION) return { kind: 'frozen', minReader: record.minReader };
    const expanded = expandRecord(this.#codec, record, (id) => this.#entities.get(entityKey(id))?.change);
    if (expanded.kind === 'broken') return expanded;
    for (const change of expanded.changes) {
      const damage = contentDamage(this.#codec.sha256, change);
      if (damage !== undefined) return { kind: 'broken', detail: `revision ${record.revision}: ${damage}` };
    }
    for (const change of expanded.changes) this.#put({ change, version: record.revision });
    for (const part of expanded.spent) this.#drop(part);
    this.#advance(record);
    return { kind: 'applied', changes: expanded.changes };
  }

  /** Where a record stands against the head; undefined when it is the next one. */
  #place(record: LogRecord): FoldOutcome | undefined {
    const head = this.#position;
    if (record.epoch < head.epoch) return { kind: 'outdated' };
    if (record.epoch > head.epoch) return this.#placeNewEpoch(record);
    if (record.revision > head.revision + 1) return { kind: 'gap', after: head };
    if (record.revision === head.revision + 1)
      return bytesEqual(record.prevHash, head.hash)
        ? undefined
        : {
            kind: 'diverged',
            revision: head.revision,
            detail: `revision ${record.revision} does not follow the applied one`,
          };
    const known = this.#recent.get(record.revision);
    return known === undefined || bytesEqual(known, record.hash)
      ? { kind: 'duplicate' }
      : {
          kind: 'diverged',
          revision: record.revision,
          detail: `other content at revision ${record.revision}`,
        };
  }

  /** A new epoch is entered by its GENESIS, and only from a place on its lineage. */
  #placeNewEpoch(record: LogRecord): FoldOutcome | undefined {
    const head = this.#position;
    if (record.kind !== 'genesis' || record.genesis === undefined) return { kind: 'gap', after: head };
    if (head.revision === 0) return record.revision === 1 ? undefined : { kind: 'gap', after: head };
    const base = record.revision - 1;
    if (base > head.revision) return { kind: 'gap', after: head };
    return base === head.revision && bytesEqual(record.prevHash, head.hash)
      ? undefined
      : {
          kind: 'forked',
          revision: base + 1,
          detail: `epoch ${record.epoch} continues another revision ${base} than the applied ${formatPosition(head)}`,
        };
  }

  #put(entity: VersionedEntity): void {
    const key = entityKey(entity.change);
    const before = this.#entities.get(key);
    if (before !== undefined && !before.change.deleted)
      this.#digest.remove(entityDigest(this.#codec.sha256, before));
    if (entity.change.deleted) this.#bury(key, entity.version);
    else this.#digest.add(entityDigest(this.#codec.sha256, entity));
    this.#entities.set(key, entity);
  }

  #bury(key: string, revision: number): void {
    if (this.#tombstoneRevisions === Number.POSITIVE_INFINITY) return;
    const keys = this.#tombstones.get(revision);
    if (keys === undefined) this.#tombstones.set(revision, [key]);
    else keys.push(key);
  }

  /** Forgets what this revision deleted, unless it came back or was deleted again. */
  #forget(revision: number): void {
    for (const key of this.#tombstones.get(revision) ?? []) {
      const entity = this.#entities.get(key);
      if (entity?.change.deleted && entity.version === revision) this.#entities.delete(key);
    }
    this.#tombstones.delete(revision);
  }

  /** A spent part of an apply leaves no trace: its changes are in the state. */
  #drop(change: EntityChange): void {
    const key = entityKey(change);
    const before = this.#entities.get(key);
    if (before !== undefined) this.#digest.remove(entityDigest(this.#codec.sha256, before));
    this.#entities.delete(key);
  }

  #advance(record: LogRecord): void {
    this.#position = { epoch: record.epoch, revision: record.revision, hash: record.hash };
    if (record.genesis !== undefined) this.#lineage = record.genesis.lineage;
    this.#recent.set(record.revision, record.hash);
    this.#recent.delete(record.revision - RECENT_HASHES_MAX);
    this.#forget(record.revision - this.#tombstoneRevisions);
  }
}
