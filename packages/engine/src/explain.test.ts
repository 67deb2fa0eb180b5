import { describe, expect, test } from 'vitest';
import { ruleConfig, setOf, switchUnit, weighted } from './definitions.fixture.ts';
import type { Evaluation, ExplanationStep } from './evaluation.ts';
import type { ConditionDefinition, FlagConfigDefinition, JsonObject } from './model.ts';
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

  describe('of one step', () => {
    const parent = switchUnit('parent', { enabled: true, fallthrough: { variant: 'on' } });
    const silent = switchUnit('silent', { enabled: true });
    const segments = [
      {
        key: 's',
        segment: { included: ['in', 'both'], excluded: ['out', 'both'], condition: exists('vip') },
      },
      { key: 'first', segment: { included: ['both'], excluded: ['both'], includedFirst: true } },
    ];
    // murmur3("abc") is number 70 of 100.
    const gate = { hash: 'murmur3-x86-32', buckets: 100 };
    const ranges = [
      { from: 5, to: 5 },
      { from: 10, to: 20 },
      { from: 70, to: 71 },
    ];

    function exists(attribute: string): ConditionDefinition {
      return { compare: { attribute, operator: 'exists' } };
    }
    function stepOf(
      path: string,
      config: FlagConfigDefinition,
      context: JsonObject,
      nowMs = 0,
    ): ExplanationStep {
      const unit = switchUnit('f', { enabled: true, ...config });
      const { steps, answer } = explain(setOf([unit, parent, silent], segments), 'f', context, nowMs);
      expect(answer.reason).not.toBe('ERROR');
      const found = steps.find((step) => step.path === path);
      if (found === undefined) throw new Error(`There is no step ${path}: ${JSON.stringify(steps)}`);
      return found;
    }
    function stepOfCondition(
      path: string,
      condition: ConditionDefinition,
      context: JsonObject,
    ): ExplanationStep {
      return stepOf(`rules[0].condition${path}`, ruleConfig(condition), context);
    }

    test.each<[ConditionDefinition, JsonObject, boolean, string]>([
      [
        { all: { conditions: [exists('a'), exists('b')] } },
        { a: 1, b: 1 },
        true,
        'All of 2 conditions: holds.',
      ],
      [{ all: { conditions: [exists('a')] } }, {}, false, 'All of 1 conditions: does not hold.'],
      [{ any: { conditions: [exists('a'), exists('b')] } }, { b: 1 }, true, 'Any of 2 conditions: holds.'],
      [{ any: { conditions: [exists('a')] } }, {}, false, 'Any of 1 conditions: does not hold.'],
      [{ not: exists('a') }, {}, true, 'Not: holds.'],
      [{ not: exists('a') }, { a: 1 }, false, 'Not: does not hold.'],
      [{ segment: 's' }, { targetingKey: 'in' }, true, 'Segment "s" contains the subject.'],
      [{ segment: 's' }, { targetingKey: 'out' }, false, 'Segment "s" does not contain the subject.'],
    ])('%j about %j', (condition, context, matched, message) => {
      const [kind] = Object.keys(condition);
      expect(stepOfCondition(`.${kind}`, condition, context)).toMatchObject({ matched, message });
    });

    test('a list has its place after each of its conditions again', () => {
      const condition = { any: { conditions: [{ all: { conditions: [exists('a')] } }, exists('b')] } };
      const { steps } = explain(setOf([switchUnit('f', ruleConfig(condition))]), 'f', { b: 1 });
      expect(outline(steps).slice(1, -1)).toEqual([
        '  rule rules[0] +',
        '    condition rules[0].condition.any +',
        '      condition rules[0].condition.any.conditions[0].all -',
        '        condition rules[0].condition.any.conditions[0].all.conditions[0].compare -',
        '      condition rules[0].condition.any.conditions[1].compare +',
      ]);
    });

    test('a comparison shows what it has', () => {
      const absent = stepOfCondition('.compare', exists('a'), {});
      expect(absent).not.toHaveProperty('expected');
      expect(absent).not.toHaveProperty('actual');
      expect(stepOfCondition('.compare', exists('a'), { a: [1] }).actual).toEqual([1]);
      const equals = { compare: { attribute: 'a', operator: 'equals', values: [1], negate: true } };
      expect(stepOfCondition('.compare', equals, { a: 2 })).toMatchObject({
        expected: [1],
        actual: 2,
        matched: true,
        message: 'a not equals: holds.',
      });
      const notEquals = { compare: { attribute: 'a', operator: 'notEquals', values: [1] } };
      expect(stepOfCondition('.compare', notEquals, { a: 2 }).message).toBe('a notEquals: holds.');
      const one = { compare: { attribute: 'a', operator: 'equals', values: ['x'] } };
      expect(stepOfCondition('.compare', one, { a: 'x' })).toMatchObject({ expected: ['x'], actual: 'x' });
      expect(stepOfCondition('.compare', one, {})).not.toHaveProperty('actual');
    });

    test('a gate shows its number and those of its ranges that hold somebody', () => {
      const condition = { gate: { gate, ranges } };
      const expected = ranges.slice(1);
      expect(stepOfCondition('.gate', condition, { targetingKey: 'abc' })).toMatchObject({
        expected,
        actual: 70,
        matched: true,
      });
      const nobody = stepOfCondition('.gate', condition, {});
      expect(nobody).toMatchObject({ expected, matched: false });
      expect(nobody).not.toHaveProperty('actual');
      const ramp = { gate: { gate, ramp: { steps: [{ time: '1970-01-01T00:00:00Z', to: 71 }] } } };
      expect(stepOfCondition('.gate', ramp, { targetingKey: 'abc' })).toMatchObject({
        actual: 70,
        matched: true,
      });
      expect(stepOfCondition('.gate', ramp, {})).not.toHaveProperty('actual');
    });

    test('a prerequisite shows the variants it needs and the one it found', () => {
      const needs = (flag: string, more: object): ConditionDefinition => ({
        prerequisite: { flag, ...more },
      });
      const state = 'PREREQUISITE_STATE_ON';
      expect(stepOfCondition('.prerequisite', needs('parent', { variants: ['off'] }), {})).toMatchObject({
        kind: 'prerequisite',
        expected: ['off'],
        actual: 'on',
        matched: false,
      });
      expect(stepOfCondition('.prerequisite', needs('parent', { state }), {})).not.toHaveProperty('expected');
      expect(stepOfCondition('.prerequisite', needs('silent', { state }), {})).not.toHaveProperty('actual');
      const missing = needs('gone', { state, missingFlag: 'MISSING_FLAG_POLICY_FAIL' });
      expect(stepOfCondition('.prerequisite', missing, {})).not.toHaveProperty('actual');
    });

    test('a segment names the list that decided, else its condition', () => {
      const leaf = (segment: string, context: JsonObject): string[] => {
        const { steps } = explain(setOf([switchUnit('f', ruleConfig({ segment }))], segments), 'f', context);
        return steps
          .slice(3, 4)
          .map(({ path, matched, actual }) => `${path} ${matched ? '+' : '-'} ${JSON.stringify(actual)}`);
      };
      expect(leaf('s', { targetingKey: 'in' })).toEqual(['included + "in"']);
      expect(leaf('s', { targetingKey: 'both' })).toEqual(['excluded - "both"']);
      expect(leaf('first', { targetingKey: 'both' })).toEqual(['included + "both"']);
      expect(leaf('s', { vip: 1 })).toEqual(['condition.compare + 1']);
    });

    test('a window shows its ends and the instant', () => {
      const rule = (window: object): FlagConfigDefinition => ({
        rules: [{ id: 'r', window, serve: { variant: 'on' } }],
      });
      const start = '1970-01-01T00:00:01Z';
      expect(stepOf('rules[0].window', rule({ start }), {}, 5)).toMatchObject({
        expected: [1_000, null],
        actual: 5,
        matched: false,
      });
      expect(stepOf('rules[0].window', rule({ end: start }), {}, 5).expected).toEqual([null, 1_000]);
    });

    test('targets show the text that was looked up', () => {
      const targets = [
        { variant: 'on', values: ['a'] },
        { variant: 'off', values: ['b'] },
      ];
      expect(stepOf('targets[0]', { targets }, { targetingKey: 'b' })).toMatchObject({
        actual: 'b',
        matched: false,
      });
      expect(stepOf('targets[1]', { targets }, {})).not.toHaveProperty('actual');
      const { steps } = explain(setOf([switchUnit('f', { enabled: true, targets })]), 'f', {
        targetingKey: 'a',
      });
      expect(outline(steps)).toEqual(['flag  +', '  target targets[0] +']);
    });

    test('a split tells its traffic, its gate, and the further gates of its entries', () => {
      const also = [{ gate, ranges: [{ from: 70, to: 71 }] }];
      const traffic = [{ gate, ranges: [{ to: 100 }] }];
      const split = {
        gate,
        traffic,
        entries: [
          { variant: 'on', also, alsoAlone: true },
          { variant: 'off', ranges: [{ from: 0, to: 10 }] },
        ],
      };
      const { steps } = explain(setOf([switchUnit('f', { enabled: true, fallthrough: { split } })]), 'f', {
        targetingKey: 'abc',
      });
      expect(outline(steps)).toEqual([
        'flag  +',
        '  split fallthrough.split +',
        '    gate fallthrough.split.traffic[0] +',
        '    gate fallthrough.split.entries[0].also[0] +',
        '    gate fallthrough.split.gate +',
      ]);
      expect(steps.at(-1)).toMatchObject({
        expected: [{ entry: 0 }, { entry: 1, from: 0, to: 10 }],
        actual: 70,
      });
      expect(steps.at(-1)?.expected).not.toHaveProperty('0.to');
      const missed = { split: { gate, entries: [{ variant: 'on', ranges: [{ to: 10 }] }] } };
      const context = { targetingKey: 'abc' };
      expect(stepOf('fallthrough.split', { fallthrough: missed }, context).matched).toBe(false);
      expect(stepOf('fallthrough.split.gate', { fallthrough: missed }, context)).toMatchObject({
        matched: false,
        message: "The subject's number 70 is outside the ranges.",
      });
    });

    test('a split without a gate of its own tells of none', () => {
      const entries = [{ variant: 'on', also: [{ gate, ranges: [{ to: 100 }] }], alsoAlone: true }];
      const config = { enabled: true, fallthrough: { split: { entries } } };
      const { steps } = explain(setOf([switchUnit('f', config)]), 'f', { targetingKey: 'abc' });
      expect(outline(steps).slice(2)).toEqual(['    gate fallthrough.split.entries[0].also[0] +']);
    });

    test('a rule that serves a split has its condition and its serve in their places', () => {
      const serve = { split: { gate, entries: [{ variant: 'on', ranges: [{ to: 100 }] }] } };
      const rules = [{ id: 'r', condition: exists('a'), serve }];
      const { steps } = explain(setOf([switchUnit('f', { enabled: true, rules })]), 'f', {
        targetingKey: 'abc',
        a: 1,
      });
      expect(outline(steps)).toEqual([
        'flag  +',
        '  rule rules[0] +',
        '    condition rules[0].condition.compare +',
        '    split rules[0].serve.split +',
        '      gate rules[0].serve.split.gate +',
      ]);
    });

    test('an ending, and a flag that answers no value', () => {
      const fallthrough = { ending: 'ENDING_CODE_DEFAULT' } as const;
      expect(stepOf('fallthrough.ending', { fallthrough }, {})).toMatchObject({
        kind: 'serve',
        matched: true,
      });
      expect(stepOf('', { fallthrough }, {})).not.toHaveProperty('actual');
      expect(stepOf('', { fallthrough: { variant: 'on' } }, {}).actual).toBe(true);
    });
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
