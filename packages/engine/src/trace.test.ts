import { describe, expect, test } from 'vitest';
import type { ExplanationStep } from './evaluation.ts';
import type { JsonValue } from './model.ts';
import { shown, Trace } from './trace.ts';

function stepsOf(trace: Trace): ExplanationStep[] {
  const steps: ExplanationStep[] = [];
  trace.flush({ step: (step) => steps.push(step) });
  return steps;
}

describe('a trace', () => {
  test('joins the paths of open steps, and forgets a place with the step that follows it', () => {
    const trace = new Trace();
    const rule = trace.open('rule', 'first');
    trace.at('rules[0]');
    const condition = trace.open('condition', 'not');
    trace.leaf('condition', 'compare', true, 'Yes.');
    trace.close(condition, false, 'No.');
    trace.at('left');
    trace.close(rule, false, 'No.');
    trace.leaf('rule', 'second', true, 'Yes.');
    expect(stepsOf(trace).map(({ path, depth }) => [path, depth])).toEqual([
      ['first', 0],
      ['first.rules[0].not', 1],
      ['first.rules[0].not.compare', 2],
      ['second', 0],
    ]);
  });

  test('goes on behind a step that an error left open', () => {
    const trace = new Trace();
    const flag = trace.openFlag();
    const prerequisite = trace.open('prerequisite', 'prerequisites[0]');
    trace.openEntity('segment', 'segment');
    trace.open('condition', 'inside');
    trace.close(prerequisite, false, 'No.');
    trace.leaf('rule', 'rules[0]', true, 'Yes.');
    trace.close(flag, true, 'Yes.');
    expect(stepsOf(trace).map(({ path, matched, message }) => [path, matched, message])).toEqual([
      ['', true, 'Yes.'],
      ['prerequisites[0]', false, 'No.'],
      ['prerequisites[0].segment', false, 'Left before its end because of an error.'],
      ['inside', false, 'Left before its end because of an error.'],
      ['rules[0]', true, 'Yes.'],
    ]);
  });

  test('begins the paths of a flag anew, wherever it is asked', () => {
    const trace = new Trace();
    trace.at('rules[0]');
    trace.open('prerequisite', 'prerequisite');
    trace.at('lost');
    trace.openFlag();
    trace.leaf('serve', 'fallthrough', true, 'Yes.');
    expect(stepsOf(trace).map(({ path }) => path)).toEqual(['rules[0].prerequisite', '', 'fallthrough']);
  });
});

test('twenty values of a list are shown', () => {
  const numbers = Array.from({ length: 22 }, (_, index) => index);
  expect(shown(numbers.slice(0, 20))).toEqual(numbers.slice(0, 20));
  expect(shown(numbers.slice(0, 21))).toEqual([...numbers.slice(0, 20), 'and 1 more']);
  expect(shown(numbers)).toEqual([...numbers.slice(0, 20), 'and 2 more']);
});

describe('what the context holds', () => {
  const told = (actual: JsonValue): JsonValue | undefined => {
    const trace = new Trace();
    trace.leaf('condition', 'compare', false, 'No.').actual = actual;
    return stepsOf(trace)[0]?.actual;
  };

  test.each<JsonValue>([
    '',
    'x'.repeat(256),
    7,
    null,
    [1, ['a'], {}],
    { deep: { list: [true] } },
    JSON.parse('{"__proto__": 1}'),
  ])('is told whole where it is short: %j', (value) => {
    expect(JSON.stringify(told(value))).toBe(JSON.stringify(value));
  });

  test('is named unreadable where looking at it fails', () => {
    const context = {
      get country(): string {
        throw new Error('not to be read');
      },
    };
    expect(told(context)).toBe('(unreadable)');
    expect(told({ country: 'FR' })).toEqual({ country: 'FR' });
  });

  test('is told in part where it is long, as each condition on it tells it again', () => {
    expect(told('x'.repeat(257))).toBe(`${'x'.repeat(256)}...`);
    expect(told(Array.from({ length: 30 }, (_, index) => index))).toEqual([
      ...Array.from({ length: 19 }, (_, index) => index),
      'and 11 more',
    ]);
    const long = 'x'.repeat(5_000);
    const nested = (levels: number): JsonValue =>
      levels === 0 ? long : Array.from({ length: 6 }, () => ({ [long]: nested(levels - 1) }));
    expect(JSON.stringify(told(nested(5))).length).toBeLessThan(20_000);
    const members = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`m${index}`, long]));
    const short = told(members) as Readonly<Record<string, JsonValue>>;
    expect(Object.keys(short)).toHaveLength(20);
    expect(short['...']).toBe('11 more');
  });

  test('leaves out the same, whatever the order of its members', () => {
    const list = Array.from({ length: 15 }, (_, index) => index);
    const [first, second] = [
      { a: list, b: { c: list, d: [] } },
      { b: { d: [], c: list }, a: list },
    ];
    expect(told(second)).toEqual(told(first));
    expect(JSON.stringify(told(first))).toContain('...');
  });
});
