/**
 * What one client of a test follows, in place of servers: told by TestFlags what is in force and whether a server
 * keeps it current, it tells the client's listeners as the real one does, in the same order.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import type { FlagstreamError } from '@flagstream/protocol';
import { closedError, notReadyError } from '../client-errors.ts';
import type { ClientEvents, ClientStatus, Staleness, StateSource } from '../client-events.ts';
import type { Clock } from '../clock.ts';
import { Emitter } from '../emitter.ts';
import type { Provenance } from '../flag-details.ts';
import type { FlagHolder, FlagsInForce } from '../flag-holder.ts';
import type { Logger } from '../logger.ts';
import { ReadyGate } from '../ready-gate.ts';
import { StalenessBound } from '../staleness-bound.ts';
import type { Scope } from '../state/scope.ts';
import { TestState } from './test-state.ts';

/** Every revision of a test is of one epoch: nothing is withdrawn. */
const EPOCH = 1;
/** What `status()` and the `live` event call the server. */
const NODE = 'test';

export interface TestHolderOptions {
  readonly scope: Scope;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once. */
  readonly closed: (holder: TestHolder) => void;
}

class TestInForce implements FlagsInForce {
  source: StateSource | 'none' = 'none';
  state: TestState = TestState.empty();
  revision = 0;
  live = false;
  readonly #clock: Clock;
  readonly #bound = new StalenessBound();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get ready(): boolean {
    return this.source !== 'none';
  }

  evaluate(flagKey: string, context: JsonObject): Evaluation {
    return this.state.setFor(context).evaluate(flagKey, context, this.#clock.nowMs());
  }

  evaluateAll(context: JsonObject): ReadonlyMap<string, Evaluation> {
    const set = this.state.setFor(context);
    const nowMs = this.#clock.nowMs();
    return new Map(set.flagKeys().map((key) => [key, set.evaluate(key, context, nowMs)]));
  }

  /** While a server is there, its word is as fresh as the moment of asking. */
  staleness(): Staleness {
    const nowMs = this.#clock.monotonicMs();
    if (this.live) this.#bound.prove(nowMs, 0, false);
    return { ms: this.#bound.ageMs(nowMs), estimated: this.#bound.estimated, source: this.source };
  }

  provenance(): Provenance {
    return {
      epoch: this.ready ? EPOCH : 0,
      revision: this.ready ? this.revision : 0,
      staleness: this.staleness(),
    };
  }
}

export class TestHolder implements FlagHolder {
  readonly inForce: TestInForce;
  readonly events: Emitter<ClientEvents>;
  readonly #options: TestHolderOptions;
  readonly #ready: ReadyGate<StateSource>;
  readonly #live: ReadyGate<void>;
  #lastError: FlagstreamError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TestHolderOptions) {
    this.#options = options;
    this.inForce = new TestInForce(options.clock);
    this.events = new Emitter((event, thrown) => {
      options.logger.error({ event, err: thrown }, 'a listener threw');
    });
    this.#ready = new ReadyGate(options.clock);
    this.#live = new ReadyGate(options.clock);
  }

  /** Brings a state in force. @param flagKeys whose answers may differ, sorted */
  take(state: TestState, revision: number, source: StateSource, flagKeys: readonly string[]): void {
    const { inForce } = this;
    const wasReady = inForce.ready;
    inForce.state = state;
    inForce.revision = revision;
    inForce.source = source;
    if (!wasReady) {
      this.events.emit('ready', { source });
      this.#ready.open(source);
    } else if (flagKeys.length > 0) {
      this.events.emit('change', { flagKeys, epoch: EPOCH, revision });
    }
  }

  goLive(): void {
    if (this.inForce.live) return;
    this.inForce.live = true;
    this.#lastError = undefined;
    this.events.emit('live', { node: NODE, epoch: EPOCH, revision: this.inForce.revision });
    this.#live.open();
  }

  goStale(reason: string): void {
    // How old the state is counts from here.
    this.inForce.staleness();
    this.inForce.live = false;
    this.events.emit('stale', { reason });
  }

  fail(error: FlagstreamError): void {
    this.#lastError = error;
    this.#options.logger.warn({ reason: error.reason, err: error }, error.message);
    this.events.emit('error', { error });
  }

  forgetError(): void {
    this.#lastError = undefined;
  }

  async waitForReady(timeoutMs: number): Promise<StateSource> {
    const { source } = this.inForce;
    if (source !== 'none') return source;
    return await this.#wait(this.#ready, timeoutMs, 'no flags arrived');
  }

  async waitForLive(timeoutMs: number): Promise<void> {
    if (!this.inForce.live) await this.#wait(this.#live, timeoutMs, 'no stream came up');
  }

  #wait<T>(gate: ReadyGate<T>, timeoutMs: number, missing: string): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return gate.wait(timeoutMs, () => notReadyError(missing, timeoutMs, this.#lastError));
  }

  status(): ClientStatus {
    const { inForce } = this;
    const { ms, estimated, source } = inForce.staleness();
    return {
      state: this.#stateName(),
      source,
      ...this.#options.scope,
      position: inForce.ready ? { epoch: EPOCH, revision: inForce.revision } : undefined,
      stalenessMs: ms,
      stalenessEstimated: estimated,
      node: inForce.live ? NODE : undefined,
      lastError: this.#lastError,
      quarantined: [],
    };
  }

  #stateName(): ClientStatus['state'] {
    if (this.#closing !== undefined) return 'closed';
    if (this.inForce.live) return 'live';
    return this.inForce.ready ? 'stale' : 'connecting';
  }

  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  async #close(reason: string): Promise<void> {
    this.#options.closed(this);
    this.#ready.refuse(closedError());
    this.#live.refuse(closedError());
    this.inForce.staleness();
    this.inForce.live = false;
    this.events.emit('closed', { reason });
  }
}
