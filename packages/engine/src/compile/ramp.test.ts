import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds, ruleConfig, setOf, switchUnit } from '../definitions.fixture.ts';
import type { GateDefinition, RampDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';
import { Ramp } from './ramp.ts';

// murmur3("abc") is number 70 of 100.
const HUNDRED: GateDefinition = { hash: 'murmur3-x86-32', buckets: 100 };
const ABC = { targetingKey: 'abc' };
const startMs = Date.parse('2026-01-01T00:00:00Z');
const instant = (offsetMs: number): string => new Date(startMs + offsetMs).toISOString();
const ramp = (curve?: RampDefinition['curve']): RampDefinition => ({
  steps: [
    { time: instant(0), to: 20 },
    { time: instant(1_000), to: 60 },
    { time: instant(3_000), to: 100 },
  ],
  ...(curve && { curve }),
});

test('a ramp says when it moves, and not while it rests', () => {
  const rests: RampDefinition = {
    steps: [
      { time: instant(0), to: 20 },
      { time: instant(60_000), to: 20 },
      { time: instant(62_000), to: 30 },
    ],
  };
  const set = setOf([switchUnit('f', ruleConfig({ gate: { gate: HUNDRED, ramp: rests } }))]);
  const next = [-1, 0, 60_000, 61_000, 62_000].map((offsetMs) => {
    const atMs = set.nextTransition(startMs + offsetMs);
    return atMs === undefined ? undefined : atMs - startMs;
  });
  expect(next).toEqual([0, 60_000, 61_000, 62_000, undefined]);
});

describe('the bound of a ramp', () => {
  const steps = [
    { timeMs: 0, to: 20 },
    { timeMs: 1_000, to: 60 },
    { timeMs: 3_000, to: 100 },
  ];
  test.each([
    [-1, undefined, undefined],
    [0, 20, 20],
    [250, 30, 20],
    [999, 59.96, 20],
    [1_000, 60, 60],
    [2_000, 80, 60],
    [3_000, 100, 100],
    [1e15, 100, 100],
  ])('at %i ms is %s linear, %s stepped', (nowMs, linear, stepped) => {
    expect(new Ramp(steps, true).bound(nowMs)).toBe(linear);
    expect(new Ramp(steps, false).bound(nowMs)).toBe(stepped);
  });

  test('never shrinks while its steps grow', () => {
    const growing = fc
      .array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 })
      .map((bounds) => bounds.sort((a, b) => a - b).map((to, index) => ({ timeMs: index * 700, to })));
    const instants = fc.array(fc.integer({ min: -10, max: 5_000 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(growing, instants, fc.boolean(), (each, times, linear) => {
        const moving = new Ramp(each, linear);
        const bounds = times.sort((a, b) => a - b).map((nowMs) => moving.bound(nowMs) ?? -1);
        expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
      }),
    );
  });
});

describe('a ramp', () => {
  const inside = (offsetMs: number, gate: GateDefinition = HUNDRED, definition = ramp()): boolean =>
    holds({ gate: { gate, ramp: definition } }, ABC, startMs + offsetMs);

  test('lets a subject in when the bound passes its number', () => {
    // 20, then 60 after 1 s, then 71 after 1.55 s.
    expect([-1, 0, 1_000, 1_500, 1_550, 1e9].map((offsetMs) => inside(offsetMs))).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
    const stepped = ramp('RAMP_CURVE_STEPPED');
    expect([2_999, 3_000].map((offsetMs) => inside(offsetMs, HUNDRED, stepped))).toEqual([false, true]);
  });

  test('follows the bound policies of its gate', () => {
    const to = (bound: number): RampDefinition => ({ steps: [{ time: instant(0), to: bound }] });
    expect(inside(0, HUNDRED, to(70))).toBe(false);
    expect(inside(0, { ...HUNDRED, upperClosed: true }, to(70))).toBe(true);
    const nobody = { ...HUNDRED, upperClosed: true, missing: 'GATE_MISSING_POLICY_ZERO' } as const;
    const match = (gate: GateDefinition): boolean => holds({ gate: { gate, ramp: to(0) } }, {}, startMs);
    expect(match(nobody)).toBe(true);
    expect(match({ ...nobody, zeroIsNobody: true })).toBe(false);
  });

  test('without a subject holds nobody', () => {
    expect(holds({ gate: { gate: HUNDRED, ramp: ramp() } }, {}, startMs + 1e9)).toBe(false);
  });

  test('as the traffic of a split lets everybody in who was in before', () => {
    const set = setOf([
      switchUnit('f', {
        enabled: true,
        rules: [
          {
            id: 'r',
            serve: { split: { entries: [{ variant: 'on', weight: 100_000 }], traffic: [{ ramp: ramp() }] } },
          },
        ],
        fallthrough: { variant: 'off' },
      }),
    ]);
    const wide = (offsetMs: number): Set<number> =>
      new Set(
        Array.from({ length: 500 }, (_, id) => id).filter(
          (id) => set.evaluate('f', { targetingKey: `user-${id}` }, startMs + offsetMs).variant === 'on',
        ),
      );
    // The gate has 100,000 numbers here, so the ramp ends at a thousandth.
    expect(wide(3_000).size).toBeLessThan(10);
    for (const id of wide(0)) expect(wide(3_000).has(id)).toBe(true);
  });

  test.each<[RampDefinition, string, string]>([
    [{}, 'MISSING_FIELD', 'ramp.steps'],
    [{ steps: [{ to: 1 }] }, 'BAD_RAMP', 'ramp.steps[0].time'],
    [{ steps: [{ time: 'soon', to: 1 }] }, 'BAD_RAMP', 'ramp.steps[0].time'],
    [{ steps: [{ time: instant(0) }, { time: instant(0) }] }, 'BAD_RAMP', 'ramp.steps[1].time'],
    [{ steps: [{ time: instant(0), to: 101 }] }, 'BAD_RANGE', 'ramp.steps[0].to'],
    [{ steps: [{ time: instant(0), to: -1 }] }, 'BAD_RANGE', 'ramp.steps[0].to'],
    [
      { steps: Array.from({ length: 101 }, (_, i) => ({ time: instant(i), to: 1 })) },
      'LIMIT_EXCEEDED',
      'ramp.steps',
    ],
    [{ ...ramp(), curve: 'RAMP_CURVE_CUBIC' as 'RAMP_CURVE_LINEAR' }, 'NOT_BUILT', 'ramp.curve'],
  ])('%j is refused: %s', (definition, code, path) => {
    const condition = { gate: { gate: HUNDRED, ramp: definition } };
    const { problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `rules[0].condition.gate.${path}`],
    ]);
  });

  test('is given in place of ranges', () => {
    const condition = { gate: { gate: HUNDRED, ramp: ramp(), ranges: [{ to: 1 }] } };
    const { problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['BAD_RANGE', 'rules[0].condition.gate.ramp'],
    ]);
  });

  test('tells watchers when to look again: at its steps, and once a second while it moves', () => {
    const set = setOf(
      [switchUnit('f', ruleConfig({ segment: 's' }))],
      [{ key: 's', segment: { condition: { gate: { gate: HUNDRED, ramp: ramp() } } } }],
    );
    const next = (offsetMs: number): number | undefined => {
      const at = set.nextTransition(startMs + offsetMs);
      return at === undefined ? undefined : at - startMs;
    };
    expect([-5_000, 0, 500, 1_000, 1_500, 2_500, 3_000].map(next)).toEqual([
      0,
      1_000,
      1_000,
      2_000,
      2_500,
      3_000,
      undefined,
    ]);
  });
});
