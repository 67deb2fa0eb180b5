/**
 * Definitions to a compiled set, and a set plus a change to the next set.
 *
 * Place on the path: the control plane (validating is compiling), evaluators
 * and clients. What holds: both ways are one code path, so a set built by
 * changes equals one built at once; previous sets are left as they are.
 */
import { compileFlag, type FlagUnit, type OwnCompile } from '../compile/flag.ts';
import { compileSegment, type SegmentUnit } from '../compile/segment.ts';
import type { EntityKind, Problem } from '../problem.ts';
import { type CompiledSet, LinkedSet } from './compiled-set.ts';
import { Draft } from './draft.ts';
import { EMPTY_STATE } from './set-state.ts';

/** Entities that differ from the previous set; null removes one. */
export interface SetChange {
  readonly flags?: ReadonlyMap<string, FlagUnit | null>;
  readonly segments?: ReadonlyMap<string, SegmentUnit | null>;
}

export interface Compiled {
  /** Without the entities that have problems. */
  readonly set: CompiledSet;
  /** Sorted by key, entity and path. */
  readonly problems: readonly Problem[];
}

/** Compiles everything. Of units with the same key the last counts. */
export function compileSet(flags: Iterable<FlagUnit>, segments: Iterable<SegmentUnit>): Compiled {
  return finished(compileSetInSteps(flags, segments));
}

/**
 * The same in steps, between which others may run: each takes one unit, or links one. A unit is read when its step
 * has come.
 */
export function* compileSetInSteps(
  flags: Iterable<FlagUnit>,
  segments: Iterable<SegmentUnit>,
): Generator<void, Compiled> {
  const draft = new Draft(EMPTY_STATE);
  for (const unit of segments) {
    putSegment(draft, unit.key, unit);
    yield;
  }
  for (const unit of flags) {
    putFlag(draft, unit.key, unit);
    yield;
  }
  const { state, problems } = yield* draft.link();
  return { set: new LinkedSet(state), problems };
}

/**
 * Recompiles what the change touches and checks again what refers to it; the
 * problems are those of exactly these entities. An entity that does not compile
 * is left out, and comes back by itself once what it refers to is there.
 * Throws TypeError when `previous` was not made by this module.
 */
export function updateSet(previous: CompiledSet, change: SetChange): Compiled {
  if (!(previous instanceof LinkedSet)) throw new TypeError('The previous set was not made by compileSet.');
  const draft = new Draft(previous.state);
  for (const [key, unit] of change.segments ?? []) putSegment(draft, key, unit);
  for (const [key, unit] of change.flags ?? []) putFlag(draft, key, unit);
  const { state, problems, relinked } = finished(draft.link());
  return { set: previous.after(state, relinked), problems };
}

function finished<Result>(steps: Generator<void, Result>): Result {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** An archived flag is no longer there. */
function putFlag(draft: Draft, key: string, unit: FlagUnit | null): void {
  const present = unit !== null && !unit.flag.archiveTime ? unit : undefined;
  draft.putFlag(
    key,
    present && guarded('flagConfig', key, () => compileFlag({ ...present, key }, draft.pool)),
  );
}

function putSegment(draft: Draft, key: string, unit: SegmentUnit | null): void {
  draft.putSegment(
    key,
    unit === null ? undefined : guarded('segment', key, () => compileSegment({ ...unit, key }, draft.pool)),
  );
}

/** A definition without the model's shape must not take the others down. */
function guarded<T>(entity: EntityKind, key: string, compile: () => OwnCompile<T>): OwnCompile<T> {
  try {
    return compile();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const problem = {
      code: 'MALFORMED',
      entity,
      key,
      path: '',
      message: `The definition has not the expected shape: ${detail}.`,
    };
    return { compiled: undefined, problems: [problem], references: [], steps: 1 };
  }
}
