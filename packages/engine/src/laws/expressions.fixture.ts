/**
 * Random JSONLogic: expressions as people write them, and any JSON that happens
 * to have operators in it.
 */
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../model.ts';
import { INSTANTS, scalars, VARIANT_KEYS } from './vocabulary.fixture.ts';

const PATHS = [
  '',
  'country',
  'age',
  'device.os',
  'groups.0',
  'groups',
  'targetingKey',
  '$flagd.flagKey',
  'absent',
];
/** Operators whose operands may be any expressions. */
const OPERATORS = [
  ...['if', '?:', 'and', 'or', '!', '!!', '==', '===', '!=', '!==', '<', '<=', '>', '>=', 'max', 'min'],
  ...['+', '-', '*', '/', '%', 'abs', 'merge', 'in', 'cat', 'substr', 'missing', 'missing_some', 'set'],
  ...[
    'contains_all',
    'contains_any',
    'contains_none',
    'starts_with',
    'ends_with',
    'sem_ver',
    'fractional',
    'log',
  ],
];
const ITERATORS = ['map', 'filter', 'all', 'none', 'some'];

const variants = fc.constantFrom(...VARIANT_KEYS, 'absent');

const vars: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(...PATHS).map((path) => ({ var: path })),
  fc.tuple(fc.constantFrom(...PATHS), scalars).map(([path, fallback]) => ({ var: [path, fallback] })),
);

const fractional: fc.Arbitrary<JsonValue> = fc
  .tuple(
    fc.constantFrom<JsonValue[]>([], [{ var: 'targetingKey' }], [{ cat: ['salt', { var: 'country' }] }]),
    fc.array(
      fc.oneof(
        fc.tuple(variants, fc.integer({ min: 0, max: 100 })),
        variants.map((variant) => [variant]),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([seed, shares]) => ({ fractional: [...seed, ...shares] as JsonValue }));

const comparisons: fc.Arbitrary<JsonValue> = fc.oneof(
  fc
    .tuple(fc.constantFrom('==', '!=', '<', '>=', 'in', 'starts_with', 'ends_with'), vars, scalars)
    .map(([name, left, right]): JsonObject => ({ [name]: [left, right] })),
  fc
    .tuple(fc.constantFrom('=', '!=', '<', '^', '~'), fc.constantFrom('1.2.3', '2.0.0', 'x'))
    .map(([relation, version]) => ({ sem_ver: [{ var: 'device.version' }, relation, version] })),
  fc
    .constantFrom(...INSTANTS)
    .map((text) => ({ '<': [{ var: '$flagd.timestamp' }, Date.parse(text) / 1_000] })),
);

const { expression, wild } = fc.letrec<{ expression: JsonValue; wild: JsonValue }>((tie) => {
  const operand = fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalars, vars, tie('wild'));
  return {
    // What a rule is: a condition chooses a variant.
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof({ arbitrary: variants, weight: 3 }, { arbitrary: fc.constant(null), weight: 1 }),
      { arbitrary: fc.oneof(vars, tie('wild')), weight: 1 },
      fractional,
      fc
        .tuple(comparisons, tie('expression'), tie('expression'))
        .map(([test, yes, no]) => ({ if: [test, yes, no] })),
    ),
    wild: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      operand,
      fc
        .tuple(fc.constantFrom(...OPERATORS, 'unknown', '__proto__'), fc.array(operand, { maxLength: 4 }))
        .map(([name, operands]) => Object.fromEntries([[name, operands]])),
      fc
        .tuple(fc.constantFrom(...OPERATORS), operand)
        .map(([name, single]): JsonObject => ({ [name]: single })),
      fc
        .tuple(fc.constantFrom(...ITERATORS), operand, tie('wild'))
        .map(([name, list, body]): JsonObject => ({ [name]: [list, body] })),
      fc
        .tuple(operand, tie('wild'), scalars)
        .map(([list, body, start]): JsonObject => ({ reduce: [list, body, start] })),
      fractional,
      comparisons,
      fc.array(operand, { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('cat', 'var', '!', 'x'), operand, { minKeys: 2, maxKeys: 2 }),
    ),
  };
}) as { expression: fc.Arbitrary<JsonValue>; wild: fc.Arbitrary<JsonValue> };

/** Mostly answers a variant's key or null. */
export const expressions: fc.Arbitrary<JsonValue> = expression;

/** Any operators over any operands, right or wrong. */
export const wildExpressions: fc.Arbitrary<JsonValue> = wild;
