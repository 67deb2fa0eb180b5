/**
 * The true past: every record that anybody ever wrote, as a tree by chain hash,
 * with what each of its states says. Folded by hand here, not by production's
 * fold, which is what the checkers check.
 */
import {
  ENTITY_KIND,
  entityKey,
  formatPosition,
  type LogRecord,
  type Position,
  samePosition,
} from '@flagstream/replica';
import { ENVIRONMENT } from '../world/content.ts';
import { keyOf } from '../world/record-memory.ts';
import { fingerprint } from './fingerprint.ts';
import type { Observation } from './observation.ts';

/** The state after one record. */
export interface PastState {
  readonly record: LogRecord;
  readonly parent: PastState | undefined;
  readonly ms: number;
  /** Of all entities. */
  readonly whole: number;
  /** Of what the clients of the observed environment hold. */
  readonly environment: number;
}

interface Entry {
  readonly sum: number;
  readonly inEnvironment: boolean;
}

export class Past {
  readonly #states = new Map<string, PastState>();
  readonly #entries = new WeakMap<PastState, ReadonlyMap<string, Entry>>();
  /** The authority's log: revision r at index r - 1. */
  #log: PastState[] = [];
  readonly #committedMs = new WeakMap<PastState, number>();
  /** By their bytes. */
  readonly #records = new Map<string, LogRecord>();

  /** Takes what bears on the log. Called before any checker is. */
  observe(observation: Observation): void {
    switch (observation.type) {
      case 'committed': {
        this.#log.push(this.#commit(observation.record, observation.ms));
        return;
      }
      case 'foreign':
        this.#add(observation.record, observation.ms);
        return;
      case 'log-opened':
        this.#open(observation.records, observation.ms);
        return;
    }
  }

  get head(): PastState | undefined {
    return this.#log.at(-1);
  }

  state(hash: Uint8Array): PastState | undefined {
    return this.#states.get(keyOf(hash));
  }

  /** The record that these bytes are, when somebody wrote it. */
  record(bytes: Uint8Array): LogRecord | undefined {
    return this.#records.get(keyOf(bytes));
  }

  /** In the authority's log, as it is now. */
  at(revision: number): PastState | undefined {
    return this.#log[revision - 1];
  }

  isCurrent(state: PastState): boolean {
    return this.#log[state.record.revision - 1] === state;
  }

  /** Whether `older` lies on the way to `newer`, or is it. */
  isOnTheWay(older: Position, newer: Position): boolean {
    const wanted = this.state(older.hash);
    let state = this.state(newer.hash);
    while (state !== undefined && state !== wanted) state = state.parent;
    return state !== undefined;
  }

  /** Whether who holds this is on the way to a place and not there yet. */
  isBehind(held: Position | undefined, place: Position): boolean {
    if (held === undefined || held.revision === 0) return true;
    return !samePosition(held, place) && this.isOnTheWay(held, place);
  }

  /** When the first record was committed that a holder of this state lacks; undefined: it lacks none. */
  lacksSinceMs(hash: Uint8Array): number | undefined {
    let state = this.state(hash);
    while (state !== undefined && !this.isCurrent(state)) state = state.parent;
    const missing = this.#log[state?.record.revision ?? 0];
    return missing === undefined ? undefined : this.#committedMs.get(missing);
  }

  describe(position: Position | undefined): string {
    if (position === undefined) return 'nothing';
    const state = this.state(position.hash);
    const where = state === undefined ? 'of no log' : this.isCurrent(state) ? '' : 'of another branch';
    return `${formatPosition(position)} ${where}`.trim();
  }

  /** A file that was put back brings back what was not in the log meanwhile. */
  #open(records: readonly LogRecord[], ms: number): void {
    const before = new Set(this.#log);
    this.#log = records.map((record) => {
      const state = this.#add(record, ms);
      if (!before.has(state)) this.#committedMs.set(state, ms);
      return state;
    });
  }

  /** In the authority's log for the first time: what somebody else wrote may come into it later. */
  #commit(record: LogRecord, ms: number): PastState {
    const state = this.#add(record, ms);
    if (!this.#committedMs.has(state)) this.#committedMs.set(state, ms);
    return state;
  }

  #add(record: LogRecord, ms: number): PastState {
    const key = keyOf(record.hash);
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const parent = this.#states.get(keyOf(record.prevHash));
    const entries = new Map(parent === undefined ? [] : this.#entries.get(parent));
    for (const change of record.changes) {
      const id = entityKey(change);
      if (change.deleted) entries.delete(id);
      else {
        const sum = fingerprint([{ change, version: record.revision }]);
        entries.set(id, { sum, inEnvironment: isForClients(change.kind, change.environment) });
      }
    }
    let [whole, environment] = [0, 0];
    for (const { sum, inEnvironment } of entries.values()) {
      whole += sum;
      if (inEnvironment) environment += sum;
    }
    const state: PastState = { record, parent, ms, whole, environment };
    this.#states.set(key, state);
    this.#records.set(keyOf(record.bytes), record);
    this.#entries.set(state, entries);
    return state;
  }
}

function isForClients(kind: number, environment: string): boolean {
  if (kind === ENTITY_KIND.flagConfig) return environment === ENVIRONMENT;
  return kind === ENTITY_KIND.flag || kind === ENTITY_KIND.segment || kind === ENTITY_KIND.part;
}
