/**
 * The SDK's client: one stream in, flags in memory, answers in process.
 *
 * Place on the path: its end. What holds: evaluating never waits, never throws
 * and never reads half a change; a transfer is acknowledged once it is in
 * force; whatever fails, the last good state stays.
 */
import type { Evaluation, JsonObject, JsonValue } from '@flagstream/engine';
import type { ClientEvents, ClientStatus, StateSource } from './client-events.ts';
import type { Listener } from './emitter.ts';
import {
  detailsOf,
  type FlagDetails,
  hasType,
  notReady,
  type Provenance,
  rawDetailsOf,
  type ValueType,
} from './flag-details.ts';
import type { FlagHolder } from './flag-holder.ts';

/** Attributes of the subject; `targetingKey` names it. */
export type EvaluationContext = JsonObject;

/** All flags for one context, at one revision. */
export interface AllFlags extends Provenance {
  /** By flag key, sorted. */
  readonly flags: ReadonlyMap<string, Evaluation>;
}

const NO_CONTEXT: EvaluationContext = Object.freeze({});

export class FlagstreamClient {
  readonly #holder: FlagHolder;
  readonly #initialTimeoutMs: number;

  /**
   * Clients are made by createClient, and for tests by TestFlags.
   * @param initialTimeoutMs how long waiting lasts where the caller does not say
   */
  constructor(holder: FlagHolder, initialTimeoutMs: number) {
    this.#holder = holder;
    this.#initialTimeoutMs = initialTimeoutMs;
  }

  booleanValue(flagKey: string, defaultValue: boolean, context?: EvaluationContext): boolean {
    return this.#value(flagKey, 'boolean', defaultValue, context);
  }

  stringValue(flagKey: string, defaultValue: string, context?: EvaluationContext): string {
    return this.#value(flagKey, 'string', defaultValue, context);
  }

  numberValue(flagKey: string, defaultValue: number, context?: EvaluationContext): number {
    return this.#value(flagKey, 'number', defaultValue, context);
  }

  /** The value has the shape that its author gave it: `T` is the caller's claim. */
  objectValue<T extends JsonValue>(flagKey: string, defaultValue: T, context?: EvaluationContext): T {
    return this.#value(flagKey, 'object', defaultValue, context);
  }

  booleanDetails(flagKey: string, defaultValue: boolean, context?: EvaluationContext): FlagDetails<boolean> {
    return this.#details(flagKey, 'boolean', defaultValue, context);
  }

  stringDetails(flagKey: string, defaultValue: string, context?: EvaluationContext): FlagDetails<string> {
    return this.#details(flagKey, 'string', defaultValue, context);
  }

  numberDetails(flagKey: string, defaultValue: number, context?: EvaluationContext): FlagDetails<number> {
    return this.#details(flagKey, 'number', defaultValue, context);
  }

  objectDetails<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context?: EvaluationContext,
  ): FlagDetails<T> {
    return this.#details(flagKey, 'object', defaultValue, context);
  }

  /** A flag of any kind, without a default: the value is undefined when none is served. */
  evaluate(flagKey: string, context: EvaluationContext = NO_CONTEXT): FlagDetails<JsonValue | undefined> {
    const provenance = this.#holder.inForce.provenance();
    return this.#holder.inForce.ready
      ? rawDetailsOf(this.#evaluation(flagKey, context), provenance)
      : notReady(flagKey, undefined, provenance);
  }

  /** Every flag of the environment; empty while nothing is in force. */
  allFlags(context: EvaluationContext = NO_CONTEXT): AllFlags {
    const { inForce } = this.#holder;
    return { flags: inForce.evaluateAll(context), ...inForce.provenance() };
  }

  /**
   * Resolves once any state is in force, and says where it came from.
   * @param timeoutMs default: the option initialTimeoutMs
   * @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed.
   */
  async waitForReady(timeoutMs: number = this.#initialTimeoutMs): Promise<{ readonly source: StateSource }> {
    return { source: await this.#holder.waitForReady(timeoutMs) };
  }

  /**
   * Resolves once a stream keeps the state current.
   * @param timeoutMs default: the option initialTimeoutMs
   * @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed.
   */
  waitForLive(timeoutMs: number = this.#initialTimeoutMs): Promise<void> {
    return this.#holder.waitForLive(timeoutMs);
  }

  status(): ClientStatus {
    return this.#holder.status();
  }

  /** Listeners run in order, in a microtask; the answer removes the listener. */
  on<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents[E]>): () => void {
    return this.#holder.events.on(event, listener);
  }

  /**
   * Leaves the server, writes the disk copy and releases everything. Never
   * rejects; answers go on from the last state.
   */
  close(): Promise<void> {
    return this.#holder.close('closed by the application');
  }

  #evaluation(flagKey: string, context: EvaluationContext): Evaluation {
    return this.#holder.inForce.evaluate(flagKey, context);
  }

  /** The short way: no details are made. */
  #value<T extends JsonValue>(
    flagKey: string,
    type: ValueType,
    defaultValue: T,
    context: EvaluationContext = NO_CONTEXT,
  ): T {
    const evaluation = this.#evaluation(flagKey, context);
    return evaluation.value === undefined || !hasType(evaluation, type)
      ? defaultValue
      : (evaluation.value as T);
  }

  #details<T extends JsonValue>(
    flagKey: string,
    type: ValueType,
    defaultValue: T,
    context: EvaluationContext = NO_CONTEXT,
  ): FlagDetails<T> {
    const provenance = this.#holder.inForce.provenance();
    return this.#holder.inForce.ready
      ? detailsOf(this.#evaluation(flagKey, context), type, defaultValue, provenance)
      : notReady(flagKey, defaultValue, provenance);
  }
}
