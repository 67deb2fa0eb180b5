// Collects a history while clients run. The clock is passed in; everything is bounded by OPERATIONS_MAX.

import type {
  Freshness,
  History,
  LogEntry,
  Place,
  ReadOperation,
  Values,
  WriteOperation,
} from './history.ts';

const OPERATIONS_MAX = 1_000_000;

/** A write that has begun; told once how it ended. */
export interface OpenWrite {
  acknowledged(place: Place): void;
  refused(): void;
  unknown(): void;
}

export interface WriteBegin {
  readonly opId: string;
  readonly sets: Values;
  readonly expects?: Readonly<Record<string, number>>;
}

export class HistoryRecorder {
  readonly #nowMs: () => number;
  readonly #writes: WriteOperation[] = [];
  readonly #reads: ReadOperation[] = [];
  readonly #open = new Map<string, WriteOperation>();
  #acknowledged = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  beginWrite({ opId, sets, expects = {} }: WriteBegin): OpenWrite {
    const startedMs = this.#nowMs();
    const begun: WriteOperation = {
      kind: 'write',
      opId,
      startedMs,
      endedMs: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      sets,
      expects,
    };
    this.#open.set(opId, begun);
    const end = (outcome: WriteOperation['outcome'], place?: Place): void => {
      if (!this.#open.delete(opId)) throw new Error(`${opId} has ended already`);
      this.#bound();
      if (outcome === 'acknowledged') this.#acknowledged += 1;
      this.#writes.push({
        ...begun,
        endedMs: this.#nowMs(),
        outcome,
        ...(place === undefined ? {} : { place }),
      });
    };
    return {
      acknowledged: (place) => end('acknowledged', place),
      refused: () => end('refused'),
      unknown: () => end('unknown'),
    };
  }

  /** Begins a read; the answer records what it saw. A read that fails is not recorded. */
  beginRead(session: string, atLeast: Freshness): (place: Place, values: Values) => void {
    const startedMs = this.#nowMs();
    return (place, values) => {
      this.#bound();
      this.#reads.push({ kind: 'read', session, startedMs, endedMs: this.#nowMs(), atLeast, place, values });
    };
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Writes that have not ended are of unknown outcome. */
  history(log: readonly LogEntry[]): History {
    return { log, writes: [...this.#writes, ...this.#open.values()], reads: [...this.#reads] };
  }

  #bound(): void {
    if (this.#writes.length + this.#reads.length >= OPERATIONS_MAX)
      throw new Error(`a history holds at most ${OPERATIONS_MAX} operations`);
  }
}
