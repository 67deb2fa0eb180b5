/**
 * What a client holds, and how a transfer changes it: all or nothing, checked
 * by content hashes and digest, never backwards inside an epoch.
 */
import { PersistentMap } from '@flagstream/engine';
import { contentDamage } from './content-damage.ts';
import { entityDigest, StateDigest } from './digest.ts';
import { type EntityId, entityKey, type VersionedEntity } from './entity.ts';
import { bytesEqual, comparePositions, formatPosition, type Position } from './position.ts';
import type { Codec } from './record.ts';
import type { Have, Transfer } from './sync-frames.ts';

export type TransferOutcome =
  | { readonly kind: 'staged'; readonly set: ClientSet; readonly touched: readonly EntityId[] }
  | {
      readonly kind: 'refused';
      readonly code: 'digest-mismatch' | 'epoch-regression';
      readonly detail: string;
    };

/** Immutable: a transfer makes a new one, and the old one stays whole. */
export class ClientSet {
  readonly position: Position | undefined;
  /** Which log the position belongs to; empty while nothing is held. */
  readonly logIdentity: Uint8Array;
  readonly #entities: PersistentMap<string, VersionedEntity>;
  readonly #digest: StateDigest;

  private constructor(
    position: Position | undefined,
    logIdentity: Uint8Array,
    entities: PersistentMap<string, VersionedEntity>,
    digest: StateDigest,
  ) {
    this.position = position;
    this.logIdentity = logIdentity;
    this.#entities = entities;
    this.#digest = digest;
  }

  static empty(): ClientSet {
    return new ClientSet(undefined, new Uint8Array(0), new PersistentMap(), new StateDigest());
  }

  /** A set from a bootstrap file or the client's own disk copy. */
  static of(
    sha256: Codec['sha256'],
    position: Position,
    logIdentity: Uint8Array,
    entities: Iterable<VersionedEntity>,
  ): ClientSet {
    const map = new Map<string, VersionedEntity>();
    for (const entity of entities) map.set(entityKey(entity.change), entity);
    return new ClientSet(position, logIdentity, new PersistentMap(map), StateDigest.of(sha256, map.values()));
  }

  get size(): number {
    return this.#entities.size;
  }

  entities(): Iterable<VersionedEntity> {
    return this.#entities.values();
  }

  entity(id: EntityId): VersionedEntity | undefined {
    return this.#entities.get(entityKey(id));
  }

  /** What a Hello, Ack or Pong says; undefined while nothing is held. */
  have(): Have | undefined {
    return this.position === undefined
      ? undefined
      : { position: this.position, digest: this.#digest.halves, logIdentity: this.logIdentity };
  }

  /** The same entities at a later revision that changed none of them. */
  at(position: Position): ClientSet {
    return new ClientSet(position, this.logIdentity, this.#entities, this.#digest);
  }

  /**
   * The set after a transfer, or why it must not be taken.
   * @param logIdentity of the server that sends it; another log starts over.
   */
  stage(sha256: Codec['sha256'], transfer: Transfer, logIdentity: Uint8Array): TransferOutcome {
    const sameLog = bytesEqual(logIdentity, this.logIdentity);
    if (this.position !== undefined && sameLog && comparePositions(transfer.to, this.position) < 0) {
      const detail = `${formatPosition(transfer.to)} is older than ${formatPosition(this.position)}`;
      return { kind: 'refused', code: 'epoch-regression', detail };
    }
    const full = transfer.kind === 'full';
    const entities = (full ? new PersistentMap<string, VersionedEntity>() : this.#entities).edit();
    const digest = full ? new StateDigest() : StateDigest.from(this.#digest.toBytes());
    const touched: EntityId[] = [];
    const drop = (id: EntityId): void => {
      const before = entities.get(entityKey(id));
      if (before === undefined) return;
      digest.remove(entityDigest(sha256, before));
      entities.delete(entityKey(id));
    };
    for (const id of transfer.remove) {
      drop(id);
      touched.push(id);
    }
    for (const entity of transfer.put) {
      const damage = contentDamage(sha256, entity.change);
      if (damage !== undefined) return { kind: 'refused', code: 'digest-mismatch', detail: damage };
      drop(entity.change);
      entities.set(entityKey(entity.change), entity);
      digest.add(entityDigest(sha256, entity));
      touched.push(entity.change);
    }
    if (full) for (const before of this.#entities.values()) touched.push(before.change);
    const { hi, lo } = digest.halves;
    if (hi !== transfer.digest.hi || lo !== transfer.digest.lo)
      return {
        kind: 'refused',
        code: 'digest-mismatch',
        detail: 'the transfer does not add up to its digest',
      };
    const set = new ClientSet(transfer.to, logIdentity, entities.done(), digest);
    return { kind: 'staged', set, touched };
  }
}
