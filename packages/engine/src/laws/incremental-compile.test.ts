import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import { compareProblems, type Problem } from '../problem.ts';
import { compileSet, updateSet } from '../set/compile-set.ts';
import type { CompiledSet, LinkedSet } from '../set/compiled-set.ts';
import { linkTarget, reachableDependents } from '../set/set-state.ts';
import { contexts } from './contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from './full-size.fixture.ts';
import { tameFlags, tameSegments } from './tame-definitions.fixture.ts';
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
    flags: fc.array(puts(flags), { maxLength: 4 }),
    segments: fc.array(puts(segments), { maxLength: 3 }),
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
    expect(linkTarget(stateOf(updated).flags, key)).toEqual(linkTarget(stateOf(whole).flags, key));
  }
  for (const key of SEGMENT_KEYS) {
    expect(updated.affectedBy([], [key])).toEqual(whole.affectedBy([], [key]));
    expect(linkTarget(stateOf(updated).segments, key)).toEqual(linkTarget(stateOf(whole).segments, key));
  }
}

describe('compiling by changes', { timeout: LAW_TIMEOUT_MS }, () => {
  test('in any sequence equals compiling at once', () => {
    let alive = 0;
    let broken = 0;
    fc.assert(
      fc.property(
        sequences,
        fc.array(contexts, { minLength: 3, maxLength: 3 }),
        nows,
        (sequence, each, nowMs) => {
          const written = new Map<string, FlagUnit>();
          const members = new Map<string, SegmentUnit>();
          const known = new KnownProblems();
          let { set } = compileSet([], []);
          for (const step of sequence) {
            const change = { flags: flagChanges(step.flags), segments: segmentChanges(step.segments) };
            apply(written, change.flags);
            apply(members, change.segments);
            const previous = set;
            const before = previous.flagKeys().map((key) => previous.evaluate(key, each[0]!, nowMs));
            const updated = updateSet(previous, change);
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
            // The previous set is as it was.
            expect(previous.flagKeys().map((key) => previous.evaluate(key, each[0]!, nowMs))).toEqual(before);
            alive += set.size;
            broken += whole.problems.length;
          }
        },
      ),
      { numRuns: sized(60, 5_000) },
    );
    expect(alive).toBeGreaterThan(0);
    expect(broken).toBeGreaterThan(0);
  });
});
