/**
 * What a client evaluates by: one immutable value, made aside and swapped.
 *
 * Place on the path: between a staged transfer and the answers. What holds: a
 * state is always one that existed on the server (except for quarantined
 * entities), and the one in force is never changed.
 */
import { type CompiledSet, compileSet, type FlagUnit, type SegmentUnit } from '@flagstream/engine';
import { ClientSet, type EntityId } from '@flagstream/replica';
import type { StateSource } from '../client-events.ts';
import { allKeys, changedKeys } from './changed-keys.ts';
import { type Reading, readFlag, readSegment } from './entity-units.ts';
import { bringInForce, type LastGood, type Quarantine, type Quarantines } from './quarantine.ts';
import type { Scope } from './scope.ts';

export interface FlagState {
  readonly source: StateSource | 'none';
  readonly scope: Scope;
  readonly compiled: CompiledSet;
  /** What the server's next delta starts from; empty for a bootstrap file. */
  readonly held: ClientSet;
  readonly quarantines: Quarantines;
}

export interface Advance {
  readonly state: FlagState;
  /** Flags whose answers can differ from the state before, sorted. */
  readonly flagKeys: readonly string[];
  /** Entities that came into quarantine, or did so for another reason. */
  readonly quarantined: readonly Quarantine[];
}

/** Nothing in force: every evaluation answers its default. */
export function emptyState(scope: Scope): FlagState {
  return {
    source: 'none',
    scope,
    compiled: compileSet([], []).set,
    held: ClientSet.empty(),
    quarantines: new Map(),
  };
}

/** The state once `set` is in force in place of what `before` holds. */
export function advanceState(
  before: FlagState,
  source: 'server' | 'cache',
  scope: Scope,
  set: ClientSet,
  touched: readonly EntityId[],
): Advance {
  // What a bootstrap file brought is on no lineage: the server's state replaces all of it.
  const fresh = before.held.position === undefined;
  const base = fresh ? emptyState(scope) : before;
  const changed = fresh ? allKeys(set) : changedKeys(before.held, set, touched);
  const flags = new Map<string, Reading<FlagUnit>>();
  const segments = new Map<string, Reading<SegmentUnit>>();
  for (const key of changed.flags) flags.set(key, readFlag(set, scope, key));
  for (const key of changed.segments) segments.set(key, readSegment(set, scope, key));
  for (const { entity, key } of base.quarantines.values()) {
    if (entity === 'flag') flags.set(key, readFlag(set, scope, key));
    else segments.set(key, readSegment(set, scope, key));
  }
  const result = bringInForce(base.compiled, { flags, segments }, lastGoodOf(base));
  const state: FlagState = {
    source,
    scope,
    compiled: result.set,
    held: set,
    quarantines: result.quarantines,
  };
  return {
    state,
    flagKeys: affectedKeys(before, result.set, fresh, [...flags.keys()], [...segments.keys()]),
    quarantined: newQuarantines(base.quarantines, result.quarantines),
  };
}

/** The same answers, vouched for by a server at this or a later revision that changed none of them. */
export function bookmarked(before: FlagState, held: ClientSet): FlagState {
  return { ...before, source: 'server', held };
}

function lastGoodOf(before: FlagState): LastGood {
  return {
    flag(key) {
      const quarantine = before.quarantines.get(`flag/${key}`);
      if (quarantine !== undefined) return quarantine.lastGood as FlagUnit | undefined;
      return unitOf(readFlag(before.held, before.scope, key));
    },
    segment(key) {
      const quarantine = before.quarantines.get(`segment/${key}`);
      if (quarantine !== undefined) return quarantine.lastGood as SegmentUnit | undefined;
      return unitOf(readSegment(before.held, before.scope, key));
    },
  };
}

function unitOf<Unit>(reading: Reading<Unit>): Unit | undefined {
  return reading.kind === 'unit' ? reading.unit : undefined;
}

function affectedKeys(
  before: FlagState,
  after: CompiledSet,
  fresh: boolean,
  flags: readonly string[],
  segments: readonly string[],
): readonly string[] {
  const keys = fresh
    ? new Set([...before.compiled.flagKeys(), ...after.flagKeys()])
    : new Set([...before.compiled.affectedBy(flags, segments), ...after.affectedBy(flags, segments)]);
  return [...keys].sort();
}

function newQuarantines(before: Quarantines, after: Quarantines): readonly Quarantine[] {
  return [...after]
    .filter(([id, { problem }]) => before.get(id)?.problem.message !== problem.message)
    .map(([, quarantine]) => quarantine);
}
