import { describe, expect, test } from 'vitest';
import { ruleConfig, setOf, switchUnit, weighted } from './definitions.fixture.ts';
import type { Evaluation, ExplanationStep } from './evaluation.ts';
import type { JsonObject } from './model.ts';
import type { CompiledSet } from './set/compiled-set.ts';

function explain(
  set: CompiledSet,
  flagKey: string,
  context: JsonObject,
  nowMs = 0,
): { answer: Evaluation; steps: ExplanationStep[] } {
  const steps: ExplanationStep[] = [];
  return { answer: set.evaluate(flagKey, context, nowMs, { step: (step) => steps.push(step) }), steps };
}

/** "depth kind path matched", without what is not given. */
function outline(steps: readonly ExplanationStep[]): string[] {
  return steps.map(
    (step) => `${'  '.repeat(step.depth)}${step.kind} ${step.path} ${step.matched ? '+' : '-'}`,
  );
}

describe('an explanation', () => {
  const set = setOf(
    [
      switchUnit('parent', { enabled: true, fallthrough: { variant: 'on' } }),
      switchUnit('child', {
        enabled: true,
        prerequisites: [{ flag: 'parent', variants: ['on'] }],
        targets: [
          { variant: 'off', values: ['nobody'] },
          { variant: 'on', values: ['vip'] },
        ],
        rules: [
          { id: 'past', window: { end: '1970-01-01T00:00:00Z' }, serve: { variant: 'on' } },
          {
            id: 'staff',
            condition: {
              all: {
                conditions: [
                  { segment: 'staff' },
                  { not: { compare: { attribute: 'country', operator: 'in', values: ['FR', 'DE'] } } },
                ],
              },
            },
            serve: { variant: 'on' },
          },
        ],
        fallthrough: { split: weighted({ on: 30_000, off: 70_000 }) },
      }),
    ],
    [{ key: 'staff', segment: { included: ['u1'] } }],
  );

  test('tells the whole walk in reading order', () => {
    const { steps } = explain(set, 'child', { targetingKey: 'u1', country: 'FR' });
    expect(outline(steps)).toEqual([
      'flag  +',
      '  prerequisite prerequisites[0] +',
      '    flag  +',
      '      serve fallthrough.variant +',
      '  target targets[0] -',
      '  target targets[1] -',
      '  rule rules[0] -',
      '    condition rules[0].window -',
      '  rule rules[1] -',
      '    condition rules[1].condition.all -',
      '      segment rules[1].condition.all.conditions[0].segment +',
      '        condition included +',
      '      condition rules[1].condition.all.conditions[1].not -',
      '        condition rules[1].condition.all.conditions[1].not.compare +',
      '  split fallthrough.split +',
      '    gate fallthrough.split.gate +',
    ]);
  });

  test('gives expected and actual values, and the number against its ranges', () => {
    const { steps } = explain(set, 'child', { targetingKey: 'u1', country: 'FR' });
    const find = (path: string): ExplanationStep | undefined => steps.find((step) => step.path === path);
    expect(find('rules[1].condition.all.conditions[1].not.compare')).toMatchObject({
      expected: ['FR', 'DE'],
      actual: 'FR',
      message: 'country in: holds.',
    });
    const gate = find('fallthrough.split.gate');
    expect(gate?.expected).toEqual([
      { entry: 0, from: 0, to: 30_000 },
      { entry: 1, from: 30_000, to: 100_000 },
    ]);
    expect(gate?.message).toBe(`The subject's number ${String(gate?.actual)} is inside the ranges.`);
  });

  test('says what is absent', () => {
    const { steps } = explain(set, 'child', {});
    expect(steps.at(-1)?.message).toBe('The context has no value to hash, so the subject is in no range.');
    expect(steps.at(-1)).not.toHaveProperty('actual');
    const compare = { attribute: 'country', operator: 'equals', values: ['FR'] };
    const one = explain(setOf([switchUnit('f', ruleConfig({ compare }))]), 'f', {}).steps;
    expect(one.find((step) => step.path === 'rules[0].condition.compare')?.message).toBe(
      'country equals: does not hold; the context has no country.',
    );
  });

  test('covers holdouts, ramps and conditions on values', () => {
    const value = { compare: { attribute: 'value', operator: 'equals', values: [true] } };
    const steps = [
      { time: '1970-01-01T00:00:10Z', to: 0 },
      { time: '1970-01-01T00:00:20Z', to: 100_000 },
    ];
    const parent = switchUnit('parent', { enabled: true, fallthrough: { variant: 'on' } });
    const child = switchUnit('child', {
      enabled: true,
      prerequisites: [{ flag: 'parent', value }],
      holdouts: [{ id: 'h', subjects: { ranges: [{ to: 0 }] } }],
      rules: [{ id: 'r', condition: { gate: { ramp: { steps } } }, serve: { variant: 'on' } }],
    });
    const both = setOf([parent, child]);
    const at = (nowMs: number): ExplanationStep[] =>
      explain(both, 'child', { targetingKey: 'u' }, nowMs).steps;
    expect(outline(at(20_000))).toEqual([
      'flag  +',
      '  prerequisite prerequisites[0] +',
      '    flag  +',
      '      serve fallthrough.variant +',
      '    condition prerequisites[0].value.compare +',
      '  rule holdouts[0] -',
      '    gate holdouts[0].subjects -',
      '  rule rules[0] +',
      '    gate rules[0].condition.gate +',
      '    serve rules[0].serve.variant +',
    ]);
    const gate = (nowMs: number): ExplanationStep | undefined =>
      at(nowMs).find(({ path }) => path === 'rules[0].condition.gate');
    expect(gate(0)).toMatchObject({ message: 'The ramp has not begun.', expected: [] });
    expect(gate(15_000)?.expected).toEqual([{ from: 0, to: 50_000 }]);
    expect(at(0)[1]?.message).toBe(
      'Flag "parent" must be on and answer a value that meets the condition: it is on and answers on.',
    );
  });

  test('stops at a target that matches', () => {
    expect(outline(explain(set, 'child', { targetingKey: 'vip' }).steps).slice(-2)).toEqual([
      '  target targets[0] -',
      '  target targets[1] +',
    ]);
  });

  test('covers disabled and unknown flags and errors inside', () => {
    const gate = { missing: 'GATE_MISSING_POLICY_ERROR' } as const;
    const failing = switchUnit('failing', {
      enabled: true,
      fallthrough: { split: { ...weighted({ on: 100_000 }), gate } },
    });
    const other = setOf([switchUnit('off'), failing]);
    expect(explain(other, 'off', {}).steps).toEqual([
      {
        kind: 'flag',
        path: '',
        matched: true,
        depth: 0,
        message: 'Flag "off" answers variant "off" (DISABLED)',
        actual: false,
      },
    ]);
    expect(explain(other, 'unknown', {}).steps).toEqual([]);
    expect(outline(explain(other, 'failing', {}).steps)).toEqual(['flag  -', '  split fallthrough.split -']);
  });
});
