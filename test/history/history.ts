// What a run leaves behind to be judged: what clients asked for and were told, and the log as it stands at the
// end. Times are of one monotonic clock, in milliseconds; an operation that was retried with the same op_id is
// one operation, from its first attempt's start to its last attempt's end.

/** Revisions order everything; the epoch says on which lineage. */
export interface Place {
  readonly epoch: number;
  readonly revision: number;
}

/** What is stored under a key, in a form that can be compared. */
export type Value = string | number | boolean;
export type Values = Readonly<Record<string, Value>>;

/** One record of the log, in the log's order. */
export interface LogEntry extends Place {
  readonly opId: string;
  /** What it sets, by key; empty for records that set nothing. */
  readonly sets: Values;
}

export interface WriteOperation {
  readonly kind: 'write';
  readonly opId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** `refused` was told for certain that nothing was written; `unknown` never got an answer. */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown';
  /** Where it was said to be; with `acknowledged` only. */
  readonly place?: Place;
  readonly sets: Values;
  /** Preconditions: the revision that must have been the last to set each key. */
  readonly expects: Readonly<Record<string, number>>;
}

/** Any state; whatever was acknowledged before the read began; at least this revision. */
export type Freshness = 'any' | 'acknowledged' | Place;

export interface ReadOperation {
  readonly kind: 'read';
  /** Reads of one session promise never to go back: one client at one node. */
  readonly session: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly atLeast: Freshness;
  readonly place: Place;
  readonly values: Values;
}

export interface History {
  readonly log: readonly LogEntry[];
  readonly writes: readonly WriteOperation[];
  readonly reads: readonly ReadOperation[];
}

export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** One rule: every way in which a history breaks it. Pure, and linear but for sorting. */
export interface Rule {
  readonly name: string;
  /** What holds true, as a sentence. */
  readonly promise: string;
  check(history: History): readonly string[];
}

export function formatPlace(place: Place): string {
  return `e${place.epoch}.${place.revision}`;
}

/** Negative when a is before b. */
export function comparePlaces(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.revision - b.revision;
}

export function samePlace(a: Place, b: Place): boolean {
  return comparePlaces(a, b) === 0;
}
