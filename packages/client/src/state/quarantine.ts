/**
 * Brings wanted units in force, and keeps the last good one of each that this
 * release cannot use (an operator of a newer release, for example). One bad
 * entity must not hold up the others.
 *
 *   1  everything as wanted
 *   2  what has a problem of its own: its last good; what only refers to those: as wanted again
 *   3  what still has a problem: its last good
 *   what fails even so is left out: evaluating it answers FLAG_NOT_FOUND
 */
import {
  type CompiledSet,
  type FlagUnit,
  type Problem,
  type SegmentUnit,
  updateSet,
} from '@flagstream/engine';
import type { Reading } from './entity-units.ts';

/** A unit that is not in force as wanted. */
export interface Quarantine {
  readonly entity: 'flag' | 'segment';
  readonly key: string;
  readonly problem: Problem;
  readonly lastGood: FlagUnit | SegmentUnit | undefined;
  /** The last good one is in force; otherwise nothing is. */
  readonly inForce: boolean;
}

/** By entity and key. */
export type Quarantines = ReadonlyMap<string, Quarantine>;

export interface Wanted {
  readonly flags: ReadonlyMap<string, Reading<FlagUnit>>;
  readonly segments: ReadonlyMap<string, Reading<SegmentUnit>>;
}

export interface LastGood {
  flag(key: string): FlagUnit | undefined;
  segment(key: string): SegmentUnit | undefined;
}

/** Problems that lie in what an entity refers to. */
const REFERENCE_CODES: ReadonlySet<string> = new Set(['UNKNOWN_FLAG', 'UNKNOWN_SEGMENT']);

/** @param wanted what changed, and everything that was in quarantine */
export function bringInForce(
  previous: CompiledSet,
  wanted: Wanted,
  lastGood: LastGood,
): { readonly set: CompiledSet; readonly quarantines: Quarantines } {
  const attempt = new Attempt(previous, wanted, lastGood);
  attempt.putWanted();
  attempt.putLastGood((problem) => !REFERENCE_CODES.has(problem.code));
  attempt.putLastGood(() => true);
  return attempt.finish();
}

class Attempt {
  #set: CompiledSet;
  readonly #wanted: Wanted;
  readonly #lastGood: LastGood;
  /** Units that are not in force as wanted, with the first reason. */
  readonly #held = new Map<string, Quarantine>();
  /** What the last round could not bring in force. */
  #open = new Map<string, Problem>();

  constructor(previous: CompiledSet, wanted: Wanted, lastGood: LastGood) {
    this.#set = previous;
    this.#wanted = wanted;
    this.#lastGood = lastGood;
  }

  putWanted(): void {
    const flags = new Map<string, FlagUnit | null>();
    const segments = new Map<string, SegmentUnit | null>();
    const unreadable: Problem[] = [];
    for (const [key, reading] of this.#wanted.flags) put(flags, key, reading, unreadable);
    for (const [key, reading] of this.#wanted.segments) put(segments, key, reading, unreadable);
    this.#update(flags, segments);
    for (const problem of unreadable) this.#open.set(idOf(problem), problem);
  }

  putLastGood(applies: (problem: Problem) => boolean): void {
    if (this.#open.size === 0) return;
    const flags = new Map<string, FlagUnit | null>();
    const segments = new Map<string, SegmentUnit | null>();
    for (const [id, problem] of this.#open) {
      const { key } = problem;
      const entity = entityOf(problem);
      const unit = applies(problem) ? this.#hold(id, entity, problem) : this.#asWanted(entity, key);
      if (entity === 'flag') flags.set(key, (unit as FlagUnit | undefined) ?? null);
      else segments.set(key, (unit as SegmentUnit | undefined) ?? null);
    }
    this.#update(flags, segments);
  }

  finish(): { readonly set: CompiledSet; readonly quarantines: Quarantines } {
    for (const [id, problem] of this.#open) {
      this.#hold(id, entityOf(problem), problem);
      this.#held.set(id, { ...this.#held.get(id)!, inForce: false });
    }
    return { set: this.#set, quarantines: this.#held };
  }

  #hold(id: string, entity: 'flag' | 'segment', problem: Problem): FlagUnit | SegmentUnit | undefined {
    const { key } = problem;
    const lastGood = entity === 'flag' ? this.#lastGood.flag(key) : this.#lastGood.segment(key);
    if (!this.#held.has(id))
      this.#held.set(id, { entity, key, problem, lastGood, inForce: lastGood !== undefined });
    return lastGood;
  }

  #asWanted(entity: 'flag' | 'segment', key: string): FlagUnit | SegmentUnit | undefined {
    const reading = entity === 'flag' ? this.#wanted.flags.get(key) : this.#wanted.segments.get(key);
    if (reading === undefined)
      return entity === 'flag' ? this.#lastGood.flag(key) : this.#lastGood.segment(key);
    return reading.kind === 'unit' ? reading.unit : undefined;
  }

  #update(
    flags: ReadonlyMap<string, FlagUnit | null>,
    segments: ReadonlyMap<string, SegmentUnit | null>,
  ): void {
    const { set, problems } = updateSet(this.#set, { flags, segments });
    this.#set = set;
    this.#open = new Map();
    for (const problem of problems)
      if (!this.#open.has(idOf(problem))) this.#open.set(idOf(problem), problem);
  }
}

function put<Unit>(
  units: Map<string, Unit | null>,
  key: string,
  reading: Reading<Unit>,
  unreadable: Problem[],
): void {
  units.set(key, reading.kind === 'unit' ? reading.unit : null);
  if (reading.kind === 'unreadable') unreadable.push(reading.problem);
}

/** A flag and its configuration are one unit. */
function entityOf(problem: Problem): 'flag' | 'segment' {
  return problem.entity === 'segment' ? 'segment' : 'flag';
}

function idOf(problem: Problem): string {
  return `${entityOf(problem)}/${problem.key}`;
}
