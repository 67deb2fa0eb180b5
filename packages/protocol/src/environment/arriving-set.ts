/**
 * The first set of an environment, while it is being compiled. It answers as the
 * whole one will: what is asked for is compiled first, with all that it names.
 *
 * Holds true: whether a flag compiles, and what it answers, depends on its unit
 * and on those that it names, directly or not, and on nothing else. So the order
 * in which things are asked for changes nothing. What is told of the whole set
 * waits until all of it is compiled.
 */
import {
  type CompiledSet,
  compileSet,
  compileSetInSteps,
  type FlagUnit,
  type SegmentUnit,
  type SetMembers,
  updateSet,
} from '@flagstream/engine';
import { type UnitReading, type UnitSource, unitId } from './environment-units.ts';
import { type Quarantined, type UnitKind, unitKindOf, unreadable } from './quarantine.ts';

/** Runs a piece of compiling, in one go: whoever must know that it goes on is told by it. */
export type Guarded = <T>(work: () => T) => T;

/** All of it is compiled. */
export interface ArrivedSet {
  readonly set: CompiledSet;
  /** What is in force, by unitId. */
  readonly good: Map<string, FlagUnit | SegmentUnit>;
  readonly quarantined: ReadonlyMap<string, Quarantined>;
}

export class ArrivingSet implements CompiledSet {
  readonly #units: UnitSource;
  readonly #guarded: Guarded;
  readonly #steps: Generator<void, ArrivedSet>;
  #arrived: ArrivedSet | undefined;
  /** What was asked for so far. */
  #early: CompiledSet = compileSet([], []).set;
  /** What `early` was compiled from: entities that are there. */
  readonly #taken: Readonly<Record<UnitKind, Set<string>>> = { flag: new Set(), segment: new Set() };

  /** @param units must stay as they are until all is compiled */
  constructor(units: UnitSource, guarded: Guarded) {
    this.#units = units;
    this.#guarded = guarded;
    this.#steps = arriving(units);
  }

  /** Goes on compiling, one unit at a time, until it is `enough`. Answers the whole once it is there. */
  compile(enough: () => boolean = () => false): ArrivedSet | undefined {
    if (this.#arrived !== undefined) return this.#arrived;
    return this.#guarded(() => {
      do {
        const step = this.#steps.next();
        if (step.done) this.#arrived = step.value;
      } while (this.#arrived === undefined && !enough());
      return this.#arrived;
    });
  }

  /** Why an entity is not in force, by unitId. */
  quarantined(id: string): Quarantined | undefined {
    const flagKey = id.startsWith(FLAG_IDS) ? id.slice(FLAG_IDS.length) : undefined;
    if (flagKey === undefined || this.#arrived !== undefined) return this.#whole().quarantined.get(id);
    if (this.#with(flagKey).has(flagKey)) return undefined;
    const reading = this.#units.flag(flagKey);
    switch (reading.kind) {
      case 'absent':
        return undefined;
      case 'unreadable':
        return { ...unreadable('flag', flagKey, reading.detail), serving: false };
      case 'unit': {
        const { problems } = updateSet(this.#early, { flags: new Map([[flagKey, reading.unit]]) });
        const problem = problems.find(({ entity, key }) => unitId(unitKindOf(entity), key) === id);
        return problem && { ...problem, serving: false };
      }
    }
  }

  get size(): number {
    return this.#whole().set.size;
  }

  has(flagKey: string): boolean {
    return this.#with(flagKey).has(flagKey);
  }

  kindOf(flagKey: string): ReturnType<CompiledSet['kindOf']> {
    return this.#with(flagKey).kindOf(flagKey);
  }

  clientVisible(flagKey: string): boolean {
    return this.#with(flagKey).clientVisible(flagKey);
  }

  metadataOf(flagKey: string): ReturnType<CompiledSet['metadataOf']> {
    return this.#with(flagKey).metadataOf(flagKey);
  }

  sourceOf(flagKey: string): ReturnType<CompiledSet['sourceOf']> {
    return this.#with(flagKey).sourceOf(flagKey);
  }

  namesakesOf(flagKey: string): ReturnType<CompiledSet['namesakesOf']> {
    return this.#with(flagKey).namesakesOf(flagKey);
  }

  flagKeys(): readonly string[] {
    return this.#whole().set.flagKeys();
  }

  affectedBy(flags: Iterable<string>, segments: Iterable<string>): ReadonlySet<string> {
    return this.#whole().set.affectedBy(flags, segments);
  }

  neededBy(flags: Iterable<string>, segments: Iterable<string>): SetMembers {
    return this.#whole().set.neededBy(flags, segments);
  }

  evaluate(...question: Parameters<CompiledSet['evaluate']>): ReturnType<CompiledSet['evaluate']> {
    return this.#with(question[0]).evaluate(...question);
  }

  nextTransition(nowMs: number): number | undefined {
    return this.#whole().set.nextTransition(nowMs);
  }

  #whole(): ArrivedSet {
    return this.compile()!;
  }

  /** A set that has this flag as the whole one will. */
  #with(flagKey: string): CompiledSet {
    if (this.#arrived !== undefined) return this.#arrived.set;
    if (!this.#taken.flag.has(flagKey)) this.#guarded(() => this.#takeAllOf(flagKey));
    return this.#early;
  }

  #takeAllOf(flagKey: string): void {
    let [flags, segments]: [Iterable<string>, Iterable<string>] = [[flagKey], []];
    for (;;) {
      const change = {
        flags: this.#take('flag', flags, (key) => this.#units.flag(key)),
        segments: this.#take('segment', segments, (key) => this.#units.segment(key)),
      };
      if (change.flags.size + change.segments.size === 0) return;
      this.#early = updateSet(this.#early, change).set;
      ({ flags, segments } = this.#early.neededBy([flagKey], []));
    }
  }

  /** Those that are not in `early` yet. What is not there is not remembered: callers may ask for any key. */
  #take<Unit>(
    kind: UnitKind,
    keys: Iterable<string>,
    read: (key: string) => UnitReading<Unit>,
  ): ReadonlyMap<string, Unit> {
    const units = new Map<string, Unit>();
    for (const key of keys) {
      if (this.#taken[kind].has(key)) continue;
      const reading = read(key);
      if (reading.kind !== 'absent') this.#taken[kind].add(key);
      if (reading.kind === 'unit') units.set(key, reading.unit);
    }
    return units;
  }
}

const FLAG_IDS: string = unitId('flag', '');

function* arriving(units: UnitSource): Generator<void, ArrivedSet> {
  const good = new Map<string, FlagUnit | SegmentUnit>();
  const quarantined = new Map<string, Quarantined>();
  /** Reads a unit when it is about to be compiled. */
  function* readable<Unit extends FlagUnit | SegmentUnit>(
    kind: UnitKind,
    keys: readonly string[],
    read: (key: string) => UnitReading<Unit>,
  ): Generator<Unit> {
    for (const key of keys) {
      const reading = read(key);
      if (reading.kind === 'unreadable')
        quarantined.set(unitId(kind, key), { ...unreadable(kind, key, reading.detail), serving: false });
      if (reading.kind !== 'unit') continue;
      good.set(unitId(kind, key), reading.unit);
      yield reading.unit;
    }
  }
  const keys = units.keys();
  const { set, problems } = yield* compileSetInSteps(
    readable('flag', keys.flags, (key) => units.flag(key)),
    readable('segment', keys.segments, (key) => units.segment(key)),
  );
  for (const problem of problems) {
    const id = unitId(unitKindOf(problem.entity), problem.key);
    good.delete(id);
    if (!quarantined.has(id)) quarantined.set(id, { ...problem, serving: false });
  }
  return { set, good, quarantined };
}
