/**
 * Transfers as bytes: what turns a client's set at one revision into the one at
 * another is encoded once and written to every stream that needs it.
 */
import { encodeTransfer, LIMITS } from '@flagstream/protocol';
import { comparePositions, type LogState, type Position, type SyncServerEffect } from '@flagstream/replica';
import type { EnvironmentReplica } from '../state/environment-replica.ts';

export type TransferEffect = SyncServerEffect & { readonly type: 'transfer' };

interface Cached {
  readonly frames: readonly Buffer[];
  readonly bytes: number;
}

/** What a transfer is made of. */
interface Asked {
  readonly environment: EnvironmentReplica;
  readonly generation: number;
  readonly effect: TransferEffect;
  readonly frameBytesMax: number;
}

export class TransferCache {
  readonly #log: () => LogState;
  /** Oldest first. */
  readonly #cached = new Map<string, Cached>();
  readonly #sent = { delta: 0, full: 0 };
  #bytes = 0;
  /** Most streams of a push ask for what the one before has got: no key is made for them. */
  #last: { readonly asked: Asked; readonly frames: readonly Buffer[] } | undefined;

  constructor(log: () => LogState) {
    this.#log = log;
  }

  /** Transfers handed to streams so far, by kind. */
  get sent(): Readonly<Record<TransferEffect['kind'], number>> {
    return this.#sent;
  }

  /** The frames of a transfer that leads to the environment's state as it is now. */
  frames(environment: EnvironmentReplica, effect: TransferEffect, frameBytesMax: number): readonly Buffer[] {
    this.#sent[effect.kind] += 1;
    const { generation } = environment.state;
    const asked = { environment, generation, effect, frameBytesMax };
    if (this.#last === undefined || !isSame(asked, this.#last.asked))
      this.#last = { asked, frames: this.#framesOf(asked) };
    return this.#last.frames;
  }

  #framesOf({ environment, generation, effect, frameBytesMax }: Asked): readonly Buffer[] {
    const from = effect.from === undefined ? undefined : this.#base(environment, effect.from);
    const { project, environment: name } = environment.scope;
    const { kind, to, forked } = effect;
    const key = `${project}/${name}/${kind}/${from?.revision ?? ''}/${to.epoch}.${to.revision}/${generation}/${forked}/${frameBytesMax}`;
    const known = this.#cached.get(key);
    if (known !== undefined) return known.frames;
    const { view } = environment;
    const delta = (from === undefined ? undefined : view.delta(effect.from!.revision)) ?? {
      put: [...view.live()],
      remove: [],
    };
    const header = { kind, from, to, forked, digest: view.digest };
    const frames = encodeTransfer(header, delta, frameBytesMax);
    this.#keep(key, frames);
    return frames;
  }

  /** Streams that wait at different revisions of the same set share a transfer from the oldest of these. */
  #base(environment: EnvironmentReplica, from: Position): Position {
    const revision = environment.view.deltaBase(from.revision);
    const hash = revision === from.revision ? from.hash : this.#log().hashAt(revision);
    return hash === undefined ? from : { epoch: this.#epochOf(revision), revision, hash };
  }

  #epochOf(revision: number): number {
    const base = this.#log().lineage.findLast(({ baseRevision }) => baseRevision < revision);
    return base?.epoch ?? this.#log().position.epoch;
  }

  #keep(key: string, frames: readonly Buffer[]): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    this.#cached.set(key, { frames, bytes });
    this.#bytes += bytes;
    for (const [oldest, cached] of this.#cached) {
      if (this.#cached.size <= LIMITS.keptTransfersMax && this.#bytes <= LIMITS.keptTransferBytesMax) return;
      if (oldest === key) return;
      this.#cached.delete(oldest);
      this.#bytes -= cached.bytes;
    }
  }
}

function isSame(a: Asked, b: Asked): boolean {
  return (
    a.environment === b.environment &&
    a.generation === b.generation &&
    a.frameBytesMax === b.frameBytesMax &&
    a.effect.kind === b.effect.kind &&
    a.effect.forked === b.effect.forked &&
    a.effect.from?.revision === b.effect.from?.revision &&
    a.effect.from?.epoch === b.effect.from?.epoch &&
    comparePositions(a.effect.to, b.effect.to) === 0
  );
}
