import type { CompiledSet, ExplanationStep, FlagUnit, JsonObject, SegmentUnit } from '@flagstream/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contexts } from '../../../engine/src/laws/contexts.fixture.ts';
import { LAW_TIMEOUT_MS, sized } from '../../../engine/src/laws/full-size.fixture.ts';
import { tameSets } from '../../../engine/src/laws/tame-definitions.fixture.ts';
import { FLAG_KEYS, nows, SEGMENT_KEYS } from '../../../engine/src/laws/vocabulary.fixture.ts';
import { wildFlags, wildSegments } from '../../../engine/src/laws/wild-definitions.fixture.ts';
import { EnvironmentSet } from './environment-set.ts';
import { type UnitReading, type UnitSource, unitId } from './environment-units.ts';

type Fate = 'there' | 'unreadable' | 'absent';

class GivenUnits implements UnitSource {
  /** Times that a unit was read, all together. */
  reads = 0;
  readonly #flags: ReadonlyMap<string, UnitReading<FlagUnit>>;
  readonly #segments: ReadonlyMap<string, UnitReading<SegmentUnit>>;

  constructor(
    flags: ReadonlyMap<string, UnitReading<FlagUnit>>,
    segments: ReadonlyMap<string, UnitReading<SegmentUnit>> = new Map(),
  ) {
    this.#flags = flags;
    this.#segments = segments;
  }

  keys(): ReturnType<UnitSource['keys']> {
    return { flags: [...this.#flags.keys()], segments: [...this.#segments.keys()] };
  }

  flag(key: string): UnitReading<FlagUnit> {
    this.reads += 1;
    return this.#flags.get(key) ?? { kind: 'absent' };
  }

  segment(key: string): UnitReading<SegmentUnit> {
    this.reads += 1;
    return this.#segments.get(key) ?? { kind: 'absent' };
  }
}

function readings<Unit extends { readonly key: string }>(
  tame: readonly Unit[],
  wild: readonly Unit[],
  fates: readonly Fate[],
): ReadonlyMap<string, UnitReading<Unit>> {
  const units = new Map([...tame, ...wild].map((unit) => [unit.key, unit]));
  const found = new Map<string, UnitReading<Unit>>();
  for (const [index, unit] of [...units.values()].entries()) {
    const fate = fates[index % fates.length];
    if (fate === 'there') found.set(unit.key, { kind: 'unit', unit });
    else if (fate === 'unreadable') found.set(unit.key, { kind: 'unreadable', detail: 'no such enum' });
  }
  return found;
}

const fates = fc.array(fc.constantFrom<Fate[]>('there', 'there', 'there', 'there', 'unreadable', 'absent'), {
  minLength: 1,
  maxLength: 7,
});

/** Environments in which about half of the flags are in force. */
const sources = fc
  .tuple(tameSets, fc.array(wildFlags, { maxLength: 2 }), fc.array(wildSegments, { maxLength: 1 }), fates)
  .map(
    ([{ flags, segments }, wild, wildOnes, given]) =>
      new GivenUnits(readings(flags, wild, given), readings(segments, wildOnes, given.toReversed())),
  );

type Question = (set: EnvironmentSet, context: JsonObject, nowMs: number) => unknown;

function explained(set: CompiledSet, key: string, context: JsonObject, nowMs: number): unknown {
  const steps: ExplanationStep[] = [];
  return [set.evaluate(key, context, nowMs, { step: (step) => steps.push(step) }), steps];
}

const ofFlag: readonly ((key: string) => Question)[] = [
  (key) => (set, context, nowMs) => set.set.evaluate(key, context, nowMs),
  (key) => (set, context, nowMs) => explained(set.set, key, context, nowMs),
  (key) => (set) => set.quarantine.get(unitId('flag', key)),
  (key) => (set) => [set.set.has(key), set.set.kindOf(key), set.set.clientVisible(key)],
];
const ofAll: readonly Question[] = [
  (set) => [set.set.flagKeys(), set.set.size],
  (set, _context, nowMs) => set.set.nextTransition(nowMs),
  (set) => SEGMENT_KEYS.map((key) => set.quarantine.get(unitId('segment', key))),
  (set) => FLAG_KEYS.map((key) => set.set.affectedBy([key], SEGMENT_KEYS)),
  (set) => FLAG_KEYS.map((key) => set.set.neededBy([key], [])),
];
const questions = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom(...FLAG_KEYS, 'nowhere'), fc.constantFrom(...ofFlag)), weight: 12 },
  { arbitrary: fc.constantFrom(...ofAll), weight: 1 },
);

/** Until so many steps were taken. */
function steps(count: number): () => boolean {
  let left = count;
  return () => --left <= 0;
}

const arriving = (units: UnitSource): EnvironmentSet =>
  new EnvironmentSet(units, new Map(), (work) => work());

describe('a set that is compiled by and by', { timeout: LAW_TIMEOUT_MS }, () => {
  it('says what one says that was compiled at once, whatever is asked in which order', () => {
    const counts = { quarantined: 0, answered: 0 };
    fc.assert(
      fc.property(
        sources,
        fc.array(fc.tuple(questions, fc.nat(3)), { minLength: 1, maxLength: 8 }),
        contexts,
        nows,
        (units, asked, context, nowMs) => {
          const [whole, late] = [new EnvironmentSet(units), arriving(units)];
          for (const [question, compiled] of asked) {
            if (compiled > 0) late.compile(steps(compiled));
            const ask = typeof question === 'function' ? question : question[1](question[0]);
            expect(ask(late, context, nowMs)).toEqual(ask(whole, context, nowMs));
          }
          const before = late.set;
          expect(late.compile()).toBe(true);
          expect(late.quarantined).toEqual(whole.quarantined);
          for (const ask of [...ofAll, ...FLAG_KEYS.flatMap((key) => ofFlag.map((of) => of(key)))])
            expect(ask(late, context, nowMs)).toEqual(ask(whole, context, nowMs));
          // Who began with it goes on with it.
          for (const key of FLAG_KEYS)
            expect(before.evaluate(key, context, nowMs)).toEqual(whole.set.evaluate(key, context, nowMs));
          counts.quarantined += whole.quarantined.size;
          counts.answered += whole.set.size;
        },
      ),
      { numRuns: sized(120, 20_000) },
    );
    expect(counts.quarantined).toBeGreaterThan(sized(40, 10_000));
    expect(counts.answered).toBeGreaterThan(sized(40, 10_000));
  });

  it('goes on from there as the other does', () => {
    fc.assert(
      fc.property(sources, sources, contexts, nows, (units, next, context, nowMs) => {
        const [whole, late] = [new EnvironmentSet(units), arriving(units)];
        for (const set of [whole, late]) set.replace(next);
        expect(late.quarantined).toEqual(whole.quarantined);
        expect(late.held).toEqual(whole.held);
        for (const key of FLAG_KEYS)
          expect(late.set.evaluate(key, context, nowMs)).toEqual(whole.set.evaluate(key, context, nowMs));
      }),
      { numRuns: sized(60, 5_000) },
    );
  });
});

const flag = (key: string, prerequisite?: string): [string, UnitReading<FlagUnit>] => {
  const variants = ['on', 'off'].map((variant) => ({ key: variant, value: variant === 'on' }));
  const prerequisites = prerequisite === undefined ? [] : [{ flag: prerequisite, variants: ['on'] }];
  const config = { enabled: true, prerequisites, fallthrough: { variant: 'on' } };
  const unit = { key, flag: { kind: 'FLAG_KIND_BOOLEAN', variants, offVariant: 'off' } as const, config };
  return [key, { kind: 'unit', unit }];
};

describe('what is asked for', () => {
  const many = Array.from({ length: 50 }, (_, index) => flag(`other-${index}`));

  it('is compiled once, with what it names, and nothing else is', () => {
    const units = new GivenUnits(new Map([flag('child', 'parent'), flag('parent'), ...many]));
    const { set } = arriving(units);
    expect(units.reads).toBe(0);
    expect(set.evaluate('child', {}, 0).value).toBe(true);
    expect(units.reads).toBe(2);
    for (const key of ['child', 'parent', 'child']) expect(set.evaluate(key, {}, 0).value).toBe(true);
    expect(units.reads).toBe(2);
  });

  it('is compiled under the guard, as all else is', () => {
    let runs = 0;
    const units = new GivenUnits(new Map([flag('child', 'parent'), flag('parent'), ...many]));
    const late = new EnvironmentSet(units, new Map(), (work) => {
      runs += 1;
      const before = units.reads;
      const result = work();
      expect(units.reads).toBeGreaterThan(before);
      return result;
    });
    late.set.evaluate('child', {}, 0);
    expect(runs).toBe(1);
    expect(late.compile(steps(5))).toBe(false);
    expect(runs).toBe(2);
    expect(late.compile()).toBe(true);
    expect(runs).toBe(3);
    expect(late.compile()).toBe(true);
    expect(late.set.evaluate('other-1', {}, 0).value).toBe(true);
    expect(runs).toBe(3);
  });

  it('cannot be changed before all is compiled', () => {
    const late = arriving(new GivenUnits(new Map(many)));
    expect(() => late.update({ flags: ['other-1'], segments: [] })).toThrow('before it is compiled');
  });
});
