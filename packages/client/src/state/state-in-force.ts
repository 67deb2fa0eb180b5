/**
 * The state that evaluations read, and how old it can be. One reference,
 * replaced as a whole: an evaluation never sees half a change.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import { type ClientSet, type EntityId, type Freshness, samePosition } from '@flagstream/replica';
import type { Staleness } from '../client-events.ts';
import type { Clock } from '../clock.ts';
import type { Provenance } from '../flag-details.ts';
import type { FlagsInForce } from '../flag-holder.ts';
import { StalenessBound } from '../staleness-bound.ts';
import type { DiskCopy } from '../store/disk-copy-format.ts';
import { type Advance, advanceState, bookmarked, emptyState, type FlagState } from './flag-state.ts';
import type { Scope } from './scope.ts';

export class StateInForce implements FlagsInForce {
  readonly #clock: Clock;
  readonly #bound = new StalenessBound();
  #state: FlagState;

  constructor(clock: Clock, scope: Scope) {
    this.#clock = clock;
    this.#state = emptyState(scope);
  }

  get state(): FlagState {
    return this.#state;
  }

  get ready(): boolean {
    return this.#state.source !== 'none';
  }

  evaluate(flagKey: string, context: JsonObject): Evaluation {
    return this.#state.compiled.evaluate(flagKey, context, this.#clock.nowMs());
  }

  evaluateAll(context: JsonObject): ReadonlyMap<string, Evaluation> {
    const { compiled } = this.#state;
    const nowMs = this.#clock.nowMs();
    return new Map(compiled.flagKeys().map((key) => [key, compiled.evaluate(key, context, nowMs)]));
  }

  takeBootstrap(state: FlagState): void {
    this.#state = state;
  }

  takeCopy({ scope, set, asOfMs }: DiskCopy): Advance {
    const entities = [...set.entities()].map((entity) => entity.change);
    const advance = advanceState(this.#state, 'cache', scope, set, entities);
    this.#state = advance.state;
    // Another process stamped it, on a wall clock: no more than an estimate.
    this.#bound.estimate(this.#clock.monotonicMs(), Math.max(0, this.#clock.nowMs() - asOfMs));
    return advance;
  }

  takeTransfer(scope: Scope, set: ClientSet, touched: readonly EntityId[]): Advance {
    if (set.position?.epoch !== this.#state.held.position?.epoch) this.#bound.doubt();
    const advance = advanceState(this.#state, 'server', scope, set, touched);
    this.#state = advance.state;
    return advance;
  }

  /** The server vouches for the state in force, at the set's position. */
  fresh(set: ClientSet, freshness: Freshness, receivedMs: number, provenMs: number | undefined): void {
    const { position } = this.#state.held;
    if (set.position === undefined || position === undefined) return;
    if (!samePosition(set.position, position) || this.#state.source !== 'server')
      this.#state = bookmarked(this.#state, set);
    if (provenMs === undefined) this.#bound.estimate(receivedMs, freshness.stalenessMs);
    else this.#bound.prove(provenMs, freshness.stalenessMs, freshness.estimated);
  }

  staleness(): Staleness {
    const { source } = this.#state;
    const ms = this.#bound.ageMs(this.#clock.monotonicMs());
    return { ms, estimated: this.#bound.estimated, source };
  }

  provenance(): Provenance {
    const { position } = this.#state.held;
    return {
      epoch: position?.epoch ?? 0,
      revision: position?.revision ?? 0,
      staleness: this.staleness(),
    };
  }

  /** What is worth keeping on disk: only what a server vouched for in this process. */
  copy(): DiskCopy | undefined {
    const { source, scope, held } = this.#state;
    if (source !== 'server' || held.position === undefined) return undefined;
    return { scope, set: held, asOfMs: Math.round(this.#clock.nowMs() - this.staleness().ms) };
  }
}
