import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import type { JsonObject } from '../model.ts';
import { compareProblems, type Problem } from '../problem.ts';
import { compileSet, updateSet } from '../set/compile-set.ts';
import type { CompiledSet, LinkedSet } from '../set/compiled-set.ts';
import { type EntityTable, linkTarget, reachableDependents } from '../set/set-state.ts';
import type { CompiledFlag, CompiledSegment } from '../walk.ts';
import { contexts } from './contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameFlags, tameSegments, tameSets } from './tame-definitions.fixture.ts';
import { FLAG_KEYS, nows, SEGMENT_KEYS } from './vocabulary.fixture.ts';
import { wildFlags, wildSegments } from './wild-definitions.fixture.ts';

/** Units that mostly compile, so that breaking one is seen in the others. */
const flags = fc.oneof(
  { arbitrary: fc.nat(FLAG_KEYS.length - 1).chain(tameFlags), weight: 3 },
  { arbitrary: wildFlags, weight: 2 },
);
const segments = fc.oneof(
  { arbitrary: fc.nat(SEGMENT_KEYS.length - 1).chain(tameSegments), weight: 3 },
  { arbitrary: wildSegments, weight: 2 },
);

interface Put<Unit> {
  readonly unit: Unit;
  readonly fate: 'written' | 'removed' | 'archived';
}

function puts<Unit>(units: fc.Arbitrary<Unit>): fc.Arbitrary<Put<Unit>> {
  const fates = fc.constantFrom<Put<Unit>['fate'][]>('written', 'written', 'written', 'removed', 'archived');
  return fc.record({ unit: units, fate: fates });
}

const sequences = fc.array(
  fc.record({
    flags: fc.array(puts(flags), { maxLength: 2 }),
    segments: fc.array(puts(segments), { maxLength: 1 }),
  }),
  { minLength: 1, maxLength: 6 },
);

function flagChanges(given: readonly Put<FlagUnit>[]): ReadonlyMap<string, FlagUnit | null> {
  return new Map(
    given.map(({ unit, fate }) => {
      const archived = { ...unit, flag: { ...unit.flag, archiveTime: '2026-01-01T00:00:00Z' } };
      return [unit.key, fate === 'removed' ? null : fate === 'archived' ? archived : unit];
    }),
  );
}

function segmentChanges(given: readonly Put<SegmentUnit>[]): ReadonlyMap<string, SegmentUnit | null> {
  return new Map(given.map(({ unit, fate }) => [unit.key, fate === 'written' ? unit : null]));
}

function apply<Unit>(units: Map<string, Unit>, changes: ReadonlyMap<string, Unit | null>): void {
  for (const [key, unit] of changes) {
    if (unit === null) units.delete(key);
    else units.set(key, unit);
  }
}

/** What is known to be wrong: an update says it anew for what it touches. */
class KnownProblems {
  #problems: readonly Problem[] = [];

  update(touched: ReadonlySet<string>, problems: readonly Problem[]): readonly Problem[] {
    const id = ({ entity, key }: Problem): string => `${entity === 'segment' ? 'segment' : 'flag'}/${key}`;
    expect(problems.filter((problem) => !touched.has(id(problem)))).toEqual([]);
    this.#problems = [...this.#problems.filter((problem) => !touched.has(id(problem))), ...problems];
    return this.#problems.toSorted(compareProblems);
  }
}

function stateOf(set: CompiledSet): LinkedSet['state'] {
  return (set as LinkedSet).state;
}

/** What is known of an entity for those that refer to it. */
function linked<Compiled extends CompiledFlag | CompiledSegment>(
  table: EntityTable<Compiled>,
  key: string,
): unknown {
  const { live, ...bounds } = linkTarget(table, key) ?? { live: undefined };
  return { alive: live !== undefined, ...bounds, problems: table.records.get(key)?.link.problems };
}

/** Everything that two sets tell about themselves must agree. */
function expectEqualSets(updated: CompiledSet, whole: CompiledSet, nowMs: number): void {
  expect(updated.flagKeys()).toEqual(whole.flagKeys());
  expect(updated.size).toBe(whole.size);
  expect(updated.nextTransition(nowMs)).toBe(whole.nextTransition(nowMs));
  for (const key of FLAG_KEYS) {
    expect(updated.has(key)).toBe(whole.has(key));
    expect(updated.kindOf(key)).toBe(whole.kindOf(key));
    expect(updated.clientVisible(key)).toBe(whole.clientVisible(key));
    expect(updated.affectedBy([key], [])).toEqual(whole.affectedBy([key], []));
    expect(linked(stateOf(updated).flags, key)).toEqual(linked(stateOf(whole).flags, key));
  }
  for (const key of SEGMENT_KEYS) {
    expect(updated.affectedBy([], [key])).toEqual(whole.affectedBy([], [key]));
    expect(linked(stateOf(updated).segments, key)).toEqual(linked(stateOf(whole).segments, key));
  }
}

/** What a set says, all in one. */
function told(set: CompiledSet, context: JsonObject, nowMs: number): unknown {
  return {
    transition: set.nextTransition(nowMs),
    answers: set.flagKeys().map((key) => set.evaluate(key, context, nowMs)),
    flagDependents: FLAG_KEYS.map((key) => [...set.affectedBy([key], [])].sort()),
    segmentDependents: SEGMENT_KEYS.map((key) => [...set.affectedBy([], [key])].sort()),
  };
}

function byKey<Unit extends { readonly key: string }>(units: readonly Unit[]): Map<string, Unit> {
  return new Map(units.map((unit) => [unit.key, unit]));
}

describe('compiling by changes', { timeout: LAW_TIMEOUT_MS }, () => {
  test('in any sequence equals compiling at once, and leaves the previous set as it is', () => {
    let alive = 0;
    let broken = 0;
    fc.assert(
      fc.property(
        tameSets,
        sequences,
        fc.array(contexts, { minLength: 3, maxLength: 3 }),
        nows,
        (units, sequence, each, nowMs) => {
          const written = byKey(units.flags);
          const members = byKey(units.segments);
          const known = new KnownProblems();
          let { set } = compileSet(units.flags, units.segments);
          for (const step of sequence) {
            const change = { flags: flagChanges(step.flags), segments: segmentChanges(step.segments) };
            apply(written, change.flags);
            apply(members, change.segments);
            const previous = set;
            const before = told(previous, each[0]!, nowMs);
            const updated = updateSet(previous, change);
            expect(told(previous, each[0]!, nowMs)).toEqual(before);
            const whole = compileSet(written.values(), members.values());
            set = updated.set;
            const ids = [
              ...[...change.flags.keys()].map((key) => `flag/${key}`),
              ...[...change.segments.keys()].map((key) => `segment/${key}`),
            ];
            const touched = reachableDependents(ids, stateOf(set).dependents);
            expect(known.update(touched, updated.problems)).toEqual(whole.problems);
            expectEqualSets(set, whole.set, nowMs);
            for (const key of set.flagKeys()) {
              for (const context of each)
                expect(set.evaluate(key, context, nowMs)).toEqual(whole.set.evaluate(key, context, nowMs));
            }
            alive += set.size;
            broken += whole.problems.length;
          }
        },
      ),
      { numRuns: sized(60, 2_000) },
    );
    expect(alive).toBeGreaterThan(0);
    expect(broken).toBeGreaterThan(0);
  });
});
