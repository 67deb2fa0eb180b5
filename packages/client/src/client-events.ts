/**
 * What a client reports: its events and its status.
 */
import type { FlagstreamError } from '@flagstream/protocol';

/** Where the state in force came from. */
export type StateSource = 'server' | 'cache' | 'bootstrap';

export interface ReadyEvent {
  readonly source: StateSource;
}

export interface ChangeEvent {
  /** Flags whose answers may differ, sorted: changed ones and those that depend on them. */
  readonly flagKeys: readonly string[];
  readonly epoch: number;
  readonly revision: number;
}

export interface WithdrawnEvent {
  /** What was in force until now, and is not of the log any more. */
  readonly withdrawn: { readonly epoch: number; readonly revision: number };
  /** What is in force instead. */
  readonly epoch: number;
  readonly revision: number;
}

export interface LiveEvent {
  readonly node: string;
  readonly epoch: number;
  readonly revision: number;
}

export interface StaleEvent {
  readonly reason: string;
}

export interface ReconnectingEvent {
  readonly endpoint: string;
  /** Attempts since the last connection that lived. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly reason: string;
}

export interface ErrorEvent {
  readonly error: FlagstreamError;
}

export interface ClosedEvent {
  readonly reason: string;
}

export interface ClientEvents {
  /** A first state is in force: flags can be evaluated. Once. */
  ready: ReadyEvent;
  /** Another state is in force, and acknowledged. */
  change: ChangeEvent;
  /**
   * The revision that was in force is none of the log that is served now: what was seen of it never became
   * lasting, or was lost in a disaster, or belongs to another log. What the log has instead is in force; `change`
   * tells of the flags that differ.
   */
  withdrawn: WithdrawnEvent;
  /** The stream is up: the state in force is the newest, and not older than maxStalenessMs. */
  live: LiveEvent;
  /** A state is in force, but no stream keeps it current, or it may be older than maxStalenessMs. */
  stale: StaleEvent;
  /** The next connection is scheduled. */
  reconnecting: ReconnectingEvent;
  /** Something failed; the client goes on. */
  error: ErrorEvent;
  /** The client is closed. Once. */
  closed: ClosedEvent;
}

/** An entity that this release cannot use; its last good definition stays in force, if there was one. */
export interface QuarantinedEntity {
  readonly entity: 'flag' | 'segment';
  readonly key: string;
  /** UPPER_SNAKE, for example UNKNOWN_OPERATOR. */
  readonly code: string;
  readonly message: string;
  /** A last good definition is in force. */
  readonly held: boolean;
}

/** How old answers can be. */
export interface Staleness {
  /**
   * Upper bound, in milliseconds, of the time since the state was known to be
   * the newest; Infinity when nothing is known (a bootstrap file).
   */
  readonly ms: number;
  /** The bound does not count from a moment that this client stamped itself. */
  readonly estimated: boolean;
  readonly source: StateSource | 'none';
}

export interface ClientStatus {
  /**
   * connecting: nothing is in force yet. live: a stream keeps the state
   * current. stale: a state is in force without a stream, or too old.
   */
  readonly state: 'connecting' | 'live' | 'stale' | 'closed';
  readonly source: StateSource | 'none';
  readonly project: string;
  readonly environment: string;
  /** Absent while nothing from a server is in force. */
  readonly position: { readonly epoch: number; readonly revision: number } | undefined;
  readonly stalenessMs: number;
  readonly stalenessEstimated: boolean;
  /** The evaluator that serves the stream. */
  readonly node: string | undefined;
  readonly lastError: FlagstreamError | undefined;
  readonly quarantined: readonly QuarantinedEntity[];
}
