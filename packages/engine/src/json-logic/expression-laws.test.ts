import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COLOUR } from '../answers.fixture.ts';
import { setOf } from '../definitions.fixture.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { ProblemList } from '../problem.ts';
import { applyJsonLogic } from './apply-json-logic.ts';
import { findDialect } from './dialects.ts';
import { GENERAL, resultOf } from './outcome.fixture.ts';

const OPERATORS = [...(findDialect('', '', new ProblemList('flagConfig', '', []))?.keys() ?? []), 'bogus'];
const PATHS = [
  '',
  'a',
  'b',
  'a.b',
  '.a',
  'list',
  'list.0',
  '$flagd.flagKey',
  '__proto__',
  'constructor',
  'current',
];

const scalars: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue[]>(
  ...[null, true, false, 0, -1, 1.5, 1e21, '', 'a', '10', 'nan', ' é😀 ', 'list', '1.2.3', '='],
);

const { rule: rules } = fc.letrec<{ rule: JsonValue }>((tie) => ({
  rule: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    fc.constantFrom(...PATHS).map((path) => ({ var: path })),
    fc.array(tie('rule'), { maxLength: 3 }),
    fc
      .tuple(fc.constantFrom(...OPERATORS), fc.array(tie('rule'), { maxLength: 4 }))
      .map(([name, operands]) => ({
        [name]: operands,
      })),
    fc.tuple(fc.constantFrom(...OPERATORS), tie('rule')).map(([name, operand]) => ({ [name]: operand })),
  ),
})) as { rule: fc.Arbitrary<JsonValue> };

/** Parsed, so that "__proto__" is an own member. */
const data: fc.Arbitrary<JsonObject> = fc
  .tuple(rules, rules, fc.array(fc.oneof(rules, fc.jsonValue()), { maxLength: 3 }))
  .map(([a, b, list]) =>
    JSON.parse(
      JSON.stringify({ a, list, targetingKey: 'u' }).replace('{', `{"__proto__":${JSON.stringify(b)},`),
    ),
  );

describe('any expression over any data', () => {
  test('has a result or an error, always the same, and leaves the data as it was', () => {
    fc.assert(
      fc.property(rules, data, (rule, context) => {
        const before = JSON.stringify(context);
        const options = { flagKey: 'f', nowMs: 5_000 };
        const outcome = applyJsonLogic(rule, context, options);
        expect(applyJsonLogic(rule, context, options)).toEqual(outcome);
        expect(JSON.stringify(context)).toBe(before);
        expect(outcome.kind === 'value' || outcome.kind === 'error').toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('answers a flag without a thrown error', () => {
    fc.assert(
      fc.property(rules, data, (jsonLogic, context) => {
        const rule = { id: 'r', condition: { jsonLogic }, serve: { jsonLogic } };
        const set = setOf([{ key: 'colour', flag: COLOUR, config: { enabled: true, rules: [rule] } }]);
        const answer = set.evaluate('colour', context, 0, { step: () => undefined });
        expect(answer).toEqual(set.evaluate('colour', context, 0));
        expect(answer.errorMessage ?? '').not.toMatch(/^The evaluation failed/);
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not reach prototypes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'hasOwnProperty'),
        (name) => {
          expect(resultOf({ var: name })).toBeNull();
          expect(resultOf({ var: `a.${name}` }, { a: {} })).toBeNull();
        },
      ),
    );
  });
});

describe('an expression that the data holds', () => {
  const run = { if: [true, { var: 'x' }] };

  test('is left with an error when it does not end', () => {
    expect(resultOf(run, { x: run })).toBe(GENERAL);
    const cyclic: Record<string, JsonValue> = {};
    cyclic['!'] = cyclic;
    expect(resultOf(run, { x: cyclic })).toBe(GENERAL);
  });

  test('is left with an error when what is put in the place of a var is cyclic', () => {
    const cyclic: Record<string, JsonValue> = { other: 1 };
    cyclic['self'] = [cyclic, cyclic];
    const body = { in: [{ var: '' }, { var: 'x' }] };
    for (const name of ['filter', 'some', 'none', 'all']) {
      expect(resultOf({ [name]: [{ var: 'l' }, body] }, { l: [{ x: cyclic }], x: cyclic })).toBe(GENERAL);
    }
  });

  test('is as deep as one written, on a stack that holds it', () => {
    let deep: JsonValue = run;
    for (let i = 0; i < 70; i += 1) deep = { if: [false, 1, deep] };
    expect(resultOf(deep, { x: deep })).toBe(GENERAL);
    expect(resultOf(deep, { x: 'end' })).toBe('end');
  });
});
