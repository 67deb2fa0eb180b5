/**
 * Keeps an environment's compiled set in step with its entities. An entity that
 * cannot be read or compiled is quarantined: its last good version goes on
 * serving, and it is tried again at each change, until it is good.
 *
 * Holds true: what serves is always a set that the engine compiled; one bad
 * entity never takes another one down while a good version of it is known.
 */
import {
  type CompiledSet,
  compileSet,
  type FlagUnit,
  type Problem,
  type SegmentUnit,
  updateSet,
} from '@flagstream/engine';
import { ArrivingSet, type Guarded } from './arriving-set.ts';
import { type GoodUnits, type UnitReading, type UnitSource, unitId } from './environment-units.ts';
import {
  type Quarantined,
  type QuarantineLookup,
  type UnitKind,
  unitKindOf,
  unreadable,
} from './quarantine.ts';

/** Flags and segments by key. */
export interface UnitKeys {
  readonly flags: Iterable<string>;
  readonly segments: Iterable<string>;
}

type Unit = FlagUnit | SegmentUnit;

/** One unit on its way into the next set. */
interface Attempt {
  readonly kind: UnitKind;
  readonly key: string;
  readonly good: Unit | undefined;
  unit: Unit | null;
  held: boolean;
  problem: Problem | undefined;
}

/** Each round keeps at least one more unit back; entities that break each other in longer chains are left out. */
const ROUNDS_MAX = 8;

export class EnvironmentSet {
  #units: UnitSource;
  #good = new Map<string, Unit>();
  #set: CompiledSet = compileSet([], []).set;
  #quarantined: ReadonlyMap<string, Quarantined> = new Map();
  /** Set until all of the first set is compiled. */
  #arriving: ArrivingSet | undefined;

  /**
   * @param held last good versions that another process kept of what was in quarantine
   * @param later runs what is compiled, where the first set may come by and by: when it is asked for, and by
   * `compile`. Without it, and where versions are held, all is compiled at once.
   */
  constructor(units: UnitSource, held: GoodUnits = new Map(), later?: Guarded) {
    this.#units = units;
    if (later !== undefined && held.size === 0) {
      this.#arriving = new ArrivingSet(units, later);
      return;
    }
    this.#take(this.#attempts(units.keys(), held));
    // What it served comes first; then the newest versions are tried on it, as they were then.
    if (held.size > 0) this.update(keysOf(held.keys()));
  }

  get set(): CompiledSet {
    return this.#arriving ?? this.#set;
  }

  /** By `flag/<key>` and `segment/<key>`; nothing before all is compiled. */
  get quarantined(): ReadonlyMap<string, Quarantined> {
    return this.#quarantined;
  }

  /** The same of one entity at any time. */
  get quarantine(): QuarantineLookup {
    const arriving = this.#arriving;
    return arriving === undefined ? this.#quarantined : { get: (id) => arriving.quarantined(id) };
  }

  /** Nothing is left to compile. */
  get whole(): boolean {
    return this.#arriving === undefined;
  }

  /** Compiles what is not compiled yet, until it is `enough`. True: nothing is left. */
  compile(enough?: () => boolean): boolean {
    if (this.#arriving === undefined) return true;
    const arrived = this.#arriving.compile(enough);
    if (arrived === undefined) return false;
    this.#set = arrived.set;
    this.#good = arrived.good;
    this.#quarantined = arrived.quarantined;
    this.#arriving = undefined;
    return true;
  }

  /** What is in force, by unitId; none before all is compiled. */
  get units(): GoodUnits {
    return this.#good;
  }

  /** Versions that serve in the place of newer ones, by unitId. */
  get held(): GoodUnits {
    const held = new Map<string, Unit>();
    for (const [id, { serving }] of this.#quarantined) {
      const unit = this.#good.get(id);
      if (serving && unit !== undefined) held.set(id, unit);
    }
    return held;
  }

  /** Takes other entities in the place of all; what does not compile among them is kept as it was. */
  replace(units: UnitSource): void {
    this.compile();
    this.#units = units;
    const [before, after] = [keysOf(this.#good.keys()), units.keys()];
    this.update({
      flags: [...before.flags, ...after.flags],
      segments: [...before.segments, ...after.segments],
    });
  }

  /**
   * Takes the newest versions of these; answers the flags whose answers may differ now.
   * @throws Error unless it is whole: what it was to begin with cannot be read any more
   */
  update(touched: UnitKeys): ReadonlySet<string> {
    if (!this.whole) throw new Error('the set is changed before it is compiled');
    return this.#take(this.#attempts(touched, new Map()));
  }

  #take(attempts: ReadonlyMap<string, Attempt>): ReadonlySet<string> {
    const previous = this.#set;
    let compiled = updateSet(previous, changeOf(attempts));
    for (let round = 0; round < ROUNDS_MAX && this.#hold(compiled.problems, attempts); round++)
      compiled = updateSet(previous, changeOf(attempts));
    this.#set = compiled.set;
    return this.#settle(attempts, compiled.problems, previous);
  }

  #attempts(touched: UnitKeys, held: GoodUnits): Map<string, Attempt> {
    const attempts = new Map<string, Attempt>();
    const add = (kind: UnitKind, key: string, unit?: Unit): void => {
      const id = unitId(kind, key);
      if (attempts.has(id)) return;
      const reading = unit === undefined ? this.#read(kind, key) : ({ kind: 'unit', unit } as const);
      attempts.set(id, attemptOf(kind, key, reading, this.#good.get(id)));
    };
    for (const [id, unit] of held) add(kindOfId(id), unit.key, unit);
    for (const key of touched.flags) add('flag', key);
    for (const key of touched.segments) add('segment', key);
    for (const { entity, key } of this.#quarantined.values()) add(unitKindOf(entity), key);
    return attempts;
  }

  #read(kind: UnitKind, key: string): UnitReading<Unit> {
    return kind === 'flag' ? this.#units.flag(key) : this.#units.segment(key);
  }

  /** Puts last good versions in the place of what broke; false when there is nothing more to put back. */
  #hold(problems: readonly Problem[], attempts: ReadonlyMap<string, Attempt>): boolean {
    let progress = false;
    const bystanders: Problem[] = [];
    for (const problem of problems) {
      const attempt = attempts.get(unitId(unitKindOf(problem.entity), problem.key));
      if (attempt === undefined || attempt.held) {
        bystanders.push(problem);
        continue;
      }
      attempt.problem ??= problem;
      progress = putBack(attempt, problem) || progress;
    }
    if (progress || bystanders.length === 0) return progress;
    return this.#holdCauses(bystanders, attempts);
  }

  /** What broke had not changed itself: the change to what it refers to is kept back. */
  #holdCauses(broken: readonly Problem[], attempts: ReadonlyMap<string, Attempt>): boolean {
    let progress = false;
    for (const attempt of attempts.values()) {
      const { kind, key } = attempt;
      const reached = this.#set.affectedBy(kind === 'flag' ? [key] : [], kind === 'segment' ? [key] : []);
      const victim = broken.find((problem) => problem.entity === 'segment' || reached.has(problem.key));
      if (victim !== undefined) progress = putBack(attempt, victim) || progress;
    }
    return progress;
  }

  #settle(
    attempts: ReadonlyMap<string, Attempt>,
    problems: readonly Problem[],
    previous: CompiledSet,
  ): ReadonlySet<string> {
    const left = new Map<string, Problem>();
    for (const problem of problems) {
      const id = unitId(unitKindOf(problem.entity), problem.key);
      if (!left.has(id)) left.set(id, problem);
    }
    const quarantined = new Map<string, Quarantined>();
    const changed = { flags: [] as string[], segments: [] as string[] };
    for (const [id, attempt] of attempts) {
      const { kind, key, unit, good, problem } = attempt;
      const serves = unit !== null && !left.has(id);
      if (serves) this.#good.set(id, unit);
      else this.#good.delete(id);
      if ((serves ? unit : undefined) !== good) changed[kind === 'flag' ? 'flags' : 'segments'].push(key);
      const reason = problem ?? left.get(id);
      if (reason !== undefined) quarantined.set(id, { ...reason, serving: serves });
      left.delete(id);
    }
    for (const [id, problem] of left) {
      this.#good.delete(id);
      changed[unitKindOf(problem.entity) === 'flag' ? 'flags' : 'segments'].push(problem.key);
      quarantined.set(id, { ...problem, serving: false });
    }
    this.#quarantined = quarantined;
    const affected = new Set(previous.affectedBy(changed.flags, changed.segments));
    for (const key of this.#set.affectedBy(changed.flags, changed.segments)) affected.add(key);
    return affected;
  }
}

function attemptOf(kind: UnitKind, key: string, reading: UnitReading<Unit>, good: Unit | undefined): Attempt {
  switch (reading.kind) {
    case 'unit':
      return { kind, key, good, unit: reading.unit, held: false, problem: undefined };
    case 'absent':
      return { kind, key, good, unit: null, held: false, problem: undefined };
    case 'unreadable': {
      const problem = unreadable(kind, key, reading.detail);
      return { kind, key, good, unit: good ?? null, held: true, problem };
    }
  }
}

/** True when a last good version took the place of the newest one. */
function putBack(attempt: Attempt, because: Problem): boolean {
  if (attempt.held || attempt.good === undefined) return false;
  attempt.unit = attempt.good;
  attempt.held = true;
  attempt.problem ??= {
    code: because.code,
    entity: attempt.kind,
    key: attempt.key,
    path: '',
    message: `Kept, because ${because.entity} "${because.key}" needs it: ${because.message}`,
  };
  return true;
}

function changeOf(attempts: ReadonlyMap<string, Attempt>): {
  readonly flags: ReadonlyMap<string, FlagUnit | null>;
  readonly segments: ReadonlyMap<string, SegmentUnit | null>;
} {
  const flags = new Map<string, FlagUnit | null>();
  const segments = new Map<string, SegmentUnit | null>();
  for (const { kind, key, unit } of attempts.values()) {
    if (kind === 'flag') flags.set(key, unit as FlagUnit | null);
    else segments.set(key, unit as SegmentUnit | null);
  }
  return { flags, segments };
}

function keysOf(ids: Iterable<string>): { readonly flags: string[]; readonly segments: string[] } {
  const keys = { flags: [] as string[], segments: [] as string[] };
  for (const id of ids)
    (kindOfId(id) === 'flag' ? keys.flags : keys.segments).push(id.slice(id.indexOf('/') + 1));
  return keys;
}

const kindOfId = (id: string): UnitKind => (id.startsWith('segment/') ? 'segment' : 'flag');
