/**
 * What the simulated cluster lets its checkers see: only what a user, an
 * operator or a client could have seen, at its true moment.
 */
import type { Freshness, Intent, LogRecord, Place, Position } from '@flagstream/replica';

export type Observation =
  /** A record is in the authority's log, and on its disk. */
  | { readonly type: 'committed'; readonly record: LogRecord; readonly ms: number }
  /** A record that somebody else wrote. */
  | { readonly type: 'foreign'; readonly record: LogRecord; readonly ms: number }
  /** The authority's log was opened from its disk, after a restart. */
  | {
      readonly type: 'log-opened';
      readonly records: readonly LogRecord[];
      /** From a backup: what only NATS still holds is not there yet. */
      readonly restored: boolean;
      readonly ms: number;
    }
  /** A writer was told that its operation is at this place. */
  | { readonly type: 'acknowledged'; readonly opId: string; readonly position: Position; readonly ms: number }
  /** A control plane takes the log as shipped up to here. */
  | {
      readonly type: 'shipped';
      readonly node: string;
      readonly record: LogRecord;
      /** NATS has had the record. */
      readonly inNats: boolean;
      readonly ms: number;
    }
  /** A disaster took acknowledged writes that the contract lets go: those that were not shipped, and so do not lie on the way to what is kept. */
  | { readonly type: 'withdrawn'; readonly kept: Position; readonly ms: number }
  /** An evaluator has another state in force. */
  | {
      readonly type: 'applied';
      readonly node: string;
      readonly how: 'record' | 'snapshot' | 'cache';
      /** What was applied, in order; none when the state was replaced. */
      readonly records: readonly LogRecord[];
      readonly position: Position;
      readonly fingerprint: number;
      readonly ms: number;
    }
  | { readonly type: 'evaluated'; readonly answer: Answer; readonly ms: number }
  /** A client has another set in force. */
  | {
      readonly type: 'taken';
      readonly client: string;
      readonly kind: 'delta' | 'full';
      readonly position: Position;
      readonly fingerprint: number;
      readonly ms: number;
    }
  /** A client was told that its set stands for this position too. */
  | {
      readonly type: 'bookmarked';
      readonly client: string;
      readonly position: Position;
      readonly fingerprint: number;
      readonly ms: number;
    }
  /** A client came to a node, holding something. */
  | {
      readonly type: 'resumed';
      readonly client: string;
      readonly node: string;
      readonly held: Position;
      readonly head: Position;
      readonly intent: Intent;
      readonly ms: number;
    }
  /** A client did not take a transfer. */
  | { readonly type: 'refused'; readonly client: string; readonly code: string; readonly ms: number }
  /** A node found that a client held another set than itself, at the same revision. */
  | { readonly type: 'diverged'; readonly node: string; readonly ms: number }
  /** An evaluator took a client's Hello. */
  | {
      readonly type: 'session-opened';
      readonly boot: string;
      readonly stream: number;
      readonly client: string;
      /** Where the evaluator was. */
      readonly joined: Position;
      readonly ms: number;
    }
  /** A stream ended that had been opened. */
  | {
      readonly type: 'session-ended';
      readonly boot: string;
      readonly stream: number;
      /** Where the evaluator was; absent: it ended with the process. */
      readonly at: Position | undefined;
      readonly ms: number;
    }
  /** Its client has found that it ended, and has said no Bye. */
  | { readonly type: 'session-lost'; readonly boot: string; readonly stream: number; readonly ms: number }
  /** An evaluator has made a report of its clients. */
  | { readonly type: 'reported'; readonly boot: string; readonly sequence: bigint; readonly ms: number }
  /** The control plane has heard it. */
  | { readonly type: 'report-taken'; readonly boot: string; readonly sequence: bigint; readonly ms: number }
  /** A control plane that knows of no report has begun. */
  | { readonly type: 'fleet-begun'; readonly ms: number }
  /** What the control plane says of a revision. */
  | {
      readonly type: 'rollout';
      readonly target: Position;
      readonly told: RolloutTold;
      /** All is well, and was for some time: so many clients there are. */
      readonly quietClients: number | undefined;
      readonly ms: number;
    }
  /** The authority began an epoch. */
  | {
      readonly type: 'epoch-begun';
      readonly byPerson: boolean;
      /** When it last looked, NATS held a record that is not ours at a place that is. */
      readonly foreign: boolean;
      readonly ms: number;
    }
  /** An evaluator has started with what its disk held, and must have held. */
  | {
      readonly type: 'reloaded';
      readonly node: string;
      readonly position: Place;
      readonly atLeast: Place | undefined;
      readonly ms: number;
    }
  /** A record has ended the evaluator that applied it. */
  | {
      readonly type: 'died';
      readonly node: string;
      readonly release: string;
      readonly record: LogRecord;
      readonly ms: number;
    }
  /** What only the operating system had is gone. */
  | { readonly type: 'lost-power'; readonly node: string; readonly ms: number }
  /** Somebody lost its disk, or never had one, and begins anew. */
  | { readonly type: 'forgot'; readonly who: string; readonly ms: number }
  /** NATS alone is gone, something was written, and everybody had time to get it from the control plane. */
  | {
      readonly type: 'without-nats';
      readonly written: Position;
      readonly holders: readonly Holder[];
      readonly ms: number;
    }
  /** All is well, and was for some heartbeats. */
  | { readonly type: 'calm'; readonly holders: readonly Holder[]; readonly ms: number }
  /** An evaluator at the head was asked for the head's revision. */
  | {
      readonly type: 'read-at-head';
      readonly by: string;
      readonly answered: boolean;
      readonly ms: number;
    }
  /** Everything is repaired and had time: what everybody holds now. */
  | {
      readonly type: 'quiet';
      readonly head: Position;
      readonly holders: readonly Holder[];
      readonly ms: number;
    };

export interface Answer {
  readonly by: string;
  readonly position: Position;
  readonly freshness: Freshness;
  /** What the two flags of the invariant pair were answered with. */
  readonly pair: readonly [unknown, unknown];
  /** The caller wanted no state older than this. */
  readonly minimum: Position | undefined;
  /** Somebody who knows the log has spoken to this process since it started. */
  readonly heard: boolean;
}

export interface RolloutTold {
  readonly complete: boolean;
  readonly applied: number;
  readonly owing: number;
  readonly departed: number;
}

export interface Holder {
  readonly name: string;
  readonly kind: 'evaluator' | 'client';
  readonly position: Position | undefined;
  readonly fingerprint: number;
  readonly digest: string;
  readonly freshness: Freshness;
}
