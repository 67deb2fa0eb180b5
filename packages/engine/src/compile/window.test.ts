import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour } from '../answers.fixture.ts';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import type { FlagConfigDefinition } from '../model.ts';
import { compileSet } from '../set/compile-set.ts';

describe('windows', () => {
  const start = '2026-01-01T00:00:00Z';
  const end = '2026-02-01T00:00:00Z';
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const config: FlagConfigDefinition = {
    enabled: true,
    rules: [{ id: 'r', window: { start, end }, serve: { variant: 'red' } }],
    fallthrough: { variant: 'green' },
  };

  test('include their start and exclude their end', () => {
    const variants = [startMs - 1, startMs, endMs - 1, endMs].map(
      (nowMs) => evaluateColour(config, {}, nowMs).variant,
    );
    expect(variants).toEqual(['green', 'red', 'red', 'green']);
  });

  test('include their end where they say so', () => {
    const rule = { ...config.rules![0]!, window: { start, end, endInclusive: true } };
    const inclusive = { ...config, rules: [rule] };
    const variants = [endMs, endMs + 1].map((nowMs) => evaluateColour(inclusive, {}, nowMs).variant);
    expect(variants).toEqual(['red', 'green']);
    const set = setOf([{ key: 'a', flag: COLOUR, config: inclusive }]);
    expect(set.nextTransition(endMs - 1)).toBe(endMs + 1);
    const instantOnly = { ...rule, window: { start, end: start, endInclusive: true } };
    expect(evaluateColour({ ...config, rules: [instantOnly] }, {}, startMs).variant).toBe('red');
  });

  test.each<[object, boolean]>([
    [{ start, end }, true],
    [{ start: end, end: start }, false],
    [{ start: end, end: start, endInclusive: true }, false],
    [{ start, end: start }, false],
    [{ start, end: start, endInclusive: true }, true],
  ])('%j compiles: %s', (window, good) => {
    const rules = [{ id: 'r', window, serve: { variant: 'red' } }];
    const { problems } = compileSet([{ key: 'f', flag: COLOUR, config: { rules } }], []);
    expect(problems.map(({ code, path }) => [code, path])).toEqual(
      good ? [] : [['BAD_WINDOW', 'rules[0].window']],
    );
  });

  test('may be open at either side', () => {
    const open = (window: object, nowMs: number): string | undefined =>
      evaluateColour({ enabled: true, rules: [{ id: 'r', window, serve: { variant: 'red' } }] }, {}, nowMs)
        .variant;
    expect([open({ start }, startMs - 1), open({ start }, endMs * 2)]).toEqual([undefined, 'red']);
    expect([open({ end }, -1), open({ end }, endMs)]).toEqual(['red', undefined]);
  });

  test('tell when an answer may change', () => {
    const set = setOf([
      { key: 'a', flag: COLOUR, config },
      {
        key: 'off',
        flag: COLOUR,
        config: {
          ...config,
          enabled: false,
          rules: [{ ...config.rules![0]!, window: { end: '2025-01-01T00:00:00Z' } }],
        },
      },
      switchUnit('b', {
        enabled: true,
        rules: [{ id: 'r', window: { start: '2026-01-15T00:00:00Z' }, serve: { variant: 'on' } }],
      }),
    ]);
    const steps: (number | undefined)[] = [];
    for (let at: number | undefined = 0; at !== undefined; at = set.nextTransition(at)) steps.push(at);
    expect(steps).toEqual([0, startMs, Date.parse('2026-01-15T00:00:00Z'), endMs]);
    expect(setOf([]).nextTransition(0)).toBeUndefined();
  });
});
