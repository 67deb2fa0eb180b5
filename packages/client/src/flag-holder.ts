/**
 * What a client asks where its flags are kept: the stream's side of an application (ClientCore), or a test's own
 * flags (TestHolder). Everything that an application calls is above this line, so it is the same for both.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import type { ClientEvents, ClientStatus, StateSource } from './client-events.ts';
import type { Listener } from './emitter.ts';
import type { Provenance } from './flag-details.ts';

/** The state that evaluations read. */
export interface FlagsInForce {
  readonly ready: boolean;
  /** Never throws. */
  evaluate(flagKey: string, context: JsonObject): Evaluation;
  /** Every flag, at one instant, sorted by key. */
  evaluateAll(context: JsonObject): ReadonlyMap<string, Evaluation>;
  provenance(): Provenance;
}

export interface FlagHolder {
  readonly inForce: FlagsInForce;
  readonly events: {
    on<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents[E]>): () => void;
  };
  /** @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed. */
  waitForReady(timeoutMs: number): Promise<StateSource>;
  /** @throws FlagstreamError NOT_READY after the timeout, CANCELLED when the client is closed. */
  waitForLive(timeoutMs: number): Promise<void>;
  status(): ClientStatus;
  /** Never rejects. */
  close(reason: string): Promise<void>;
}
