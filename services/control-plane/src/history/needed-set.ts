/**
 * Some flags and segments with all that they depend on, compiled as they were at
 * a revision. Moving to another revision reads and compiles only what differs
 * there.
 *
 * Holds true: the set has exactly what the roots need at that revision, in its
 * newest versions. Where one of them cannot be read or compiled, the set is not
 * clean, and does not say what an evaluator answered.
 */
import {
  type CompiledSet,
  compileSet,
  type FlagUnit,
  type Problem,
  type SegmentUnit,
  type SetMembers,
  updateSet,
} from '@flagstream/engine';
import type { EnvironmentUnits } from '@flagstream/protocol';
import type { PastEntities } from './past-entities.ts';

export interface Keys {
  readonly flags: Set<string>;
  readonly segments: Set<string>;
}

export const noKeys = (): Keys => ({ flags: new Set(), segments: new Set() });

export function addKeys(to: Keys, keys: SetMembers): void {
  for (const key of keys.flags) to.flags.add(key);
  for (const key of keys.segments) to.segments.add(key);
}

/** The keys that others do not have. */
export function without(keys: SetMembers, others: SetMembers): Keys {
  return {
    flags: new Set([...keys.flags].filter((key) => !others.flags.has(key))),
    segments: new Set([...keys.segments].filter((key) => !others.segments.has(key))),
  };
}

export class NeededSet {
  readonly #roots: SetMembers;
  readonly #entities: PastEntities;
  readonly #units: EnvironmentUnits;
  #set: CompiledSet = compileSet([], []).set;
  #keys: Keys = noKeys();
  #clean = false;

  /** @param roots may grow; new ones count when the set starts over, which it does unless it is clean */
  constructor(roots: SetMembers, entities: PastEntities, units: EnvironmentUnits) {
    this.#roots = roots;
    this.#entities = entities;
    this.#units = units;
  }

  get set(): CompiledSet {
    return this.#set;
  }

  /** What the roots depend on, themselves included, whether it is there or not. */
  get keys(): SetMembers {
    return this.#keys;
  }

  /** Everything is in force in its newest version. */
  get clean(): boolean {
    return this.#clean;
  }

  /** @param touched whatever of `keys` differs from the revision before the move */
  moveTo(revision: number, touched: SetMembers): void {
    this.#entities.revision = revision;
    if (this.#clean) this.#follow(touched);
    else this.#startOver();
  }

  #startOver(): void {
    this.#set = compileSet([], []).set;
    this.#keys = noKeys();
    this.#follow(this.#roots);
  }

  #follow(touched: SetMembers): void {
    const suspects = noKeys();
    let readable = true;
    for (let changed = touched; size(changed) > 0; changed = this.#missing()) {
      addKeys(this.#keys, changed);
      readable = this.#put(changed, suspects) && readable;
    }
    this.#dropUnneeded();
    // A flag is broken until what it needs is there, so what had a problem is asked once more.
    const left = noKeys();
    for (const key of suspects.flags) if (this.#keys.flags.has(key)) left.flags.add(key);
    for (const key of suspects.segments) if (this.#keys.segments.has(key)) left.segments.add(key);
    const broken = noKeys();
    this.#clean = readable && this.#put(left, broken) && size(broken) === 0;
  }

  /** Compiles the newest versions of these; false when one cannot be read. */
  #put(keys: SetMembers, suspects: Keys): boolean {
    const flags = new Map<string, FlagUnit | null>();
    const segments = new Map<string, SegmentUnit | null>();
    let readable = true;
    for (const key of keys.flags) {
      const reading = this.#units.flag(key);
      readable &&= reading.kind !== 'unreadable';
      flags.set(key, reading.kind === 'unit' ? reading.unit : null);
    }
    for (const key of keys.segments) {
      const reading = this.#units.segment(key);
      readable &&= reading.kind !== 'unreadable';
      segments.set(key, reading.kind === 'unit' ? reading.unit : null);
    }
    const { set, problems } = updateSet(this.#set, { flags, segments });
    this.#set = set;
    for (const problem of problems) suspect(suspects, problem);
    return readable;
  }

  #missing(): SetMembers {
    return without(this.#set.neededBy(this.#roots.flags, this.#roots.segments), this.#keys);
  }

  #dropUnneeded(): void {
    const needed = this.#set.neededBy(this.#roots.flags, this.#roots.segments);
    const unneeded = without(this.#keys, needed);
    const gone = (keys: ReadonlySet<string>): Map<string, null> =>
      new Map([...keys].map((key) => [key, null]));
    if (size(unneeded) > 0)
      this.#set = updateSet(this.#set, {
        flags: gone(unneeded.flags),
        segments: gone(unneeded.segments),
      }).set;
    this.#keys = noKeys();
    addKeys(this.#keys, needed);
  }
}

const size = ({ flags, segments }: SetMembers): number => flags.size + segments.size;

function suspect(suspects: Keys, { entity, key }: Problem): void {
  (entity === 'segment' ? suspects.segments : suspects.flags).add(key);
}
