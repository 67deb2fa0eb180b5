// Targeting expressions over all operators: well formed, mistyped, with operands too few and too many,
// nested, and values where an expression should stand.

import type { JsonValue } from '@flagstream/engine';
import { PATHS } from './paths.ts';
import type { SeededRandom } from './seeded-random.ts';
import { anyText, anyVersion, blankedText, numericText, wideText } from './texts.ts';
import { anyNumber, anyObject, anyScalar, anyValue, wideNumber } from './values.ts';

/** A value with at most `depth` levels of operators. */
type Make = (random: SeededRandom, depth: number) => JsonValue;

/** The argument of an operator with operands of one kind, most of the time as many as it takes. */
function alike(least: number, most: number, make: Make): Make {
  return (random, depth) =>
    random.weighted<JsonValue>([
      [12, () => random.list(least, most, () => make(random, depth))],
      [1, () => random.list(0, 4, () => expression(random, depth))],
      [1, () => make(random, depth)],
      [0.3, () => anyValue(random, 1)],
    ]);
}

/** The argument of an operator with operands of several kinds, most of the time all of them and no more. */
function inOrder(...makes: readonly Make[]): Make {
  return (random, depth) => {
    const operands = makes.map((make) => make(random, depth));
    return random.weighted<JsonValue>([
      [14, () => operands],
      [1, () => operands.slice(0, random.below(operands.length))],
      [1, () => [...operands, expression(random, depth)]],
      [1, () => expression(random, depth)],
    ]);
  };
}

function either(...makes: readonly Make[]): Make {
  return (random, depth) => random.pick(makes)(random, depth);
}

const numeric: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [4, () => anyNumber(random)],
    [2, () => numericText(random)],
    [2, () => ({ var: random.pick(['age', 'count', 'count', 'list.0', 'users.0.age', 'nested.a.c']) })],
    [2, () => call(random, depth, ['+', '-', '*', '/', '%', 'max', 'min', 'abs', 'reduce'], anyNumber)],
    [0.5, () => expression(random, depth)],
  ]);

const textual: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [3, () => anyText(random)],
    [1, () => blankedText(random)],
    [1, () => wideText(random)],
    [3, () => ({ var: random.pick(['email', 'version', 'targetingKey', 'list.0', 'users.0.name', 'é']) })],
    [2, () => call(random, depth, ['cat', 'substr', 'var'], anyText)],
    [0.5, () => expression(random, depth)],
  ]);

const comparable: Make = either(numeric, textual, anyScalar, expression);

/** Two operands and more, both of one kind most of the time. */
const compared: Make = (random, depth) =>
  either(
    alike(2, 3, numeric),
    alike(2, 3, textual),
    alike(2, 3, wideText),
    alike(2, 4, comparable),
  )(random, depth);

const list: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [3, () => ({ var: random.pick(['list', 'users', 'nested.a.b', 'tags', 'any', '']) })],
    [2, () => random.list(0, 4, () => anyScalar(random))],
    [1, () => random.list(0, 4, () => (random.chance(0.8) ? anyNumber(random) : null))],
    [1, () => random.list(1, 4, () => numericText(random))],
    [1, () => random.list(0, 3, () => expression(random, depth))],
    [2, () => call(random, depth, ['map', 'filter', 'merge', 'missing', 'missing_some'])],
    [1, () => [[random.below(3), random.below(6)], anyScalar(random)]],
    [1, () => expression(random, depth)],
  ]);

const truth: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [4, () => call(random, depth, ['==', '!=', '===', '<', '>', 'in', '!', '!!', 'and', 'starts_with'])],
    [2, () => expression(random, depth)],
    [1, () => random.chance(0.5)],
  ]);

const position: Make = (random, depth) => (random.chance(0.9) ? random.below(9) - 4 : numeric(random, depth));

const body: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [3, () => truth(random, depth)],
    [3, () => expression(random, depth)],
    [1, () => ({ var: null })],
    [2, () => ({ var: random.pick(['', '.age', 'age', 'name', 'tags', 'a', 'targetingKey', '0']) })],
    [1, () => numeric(random, depth)],
  ]);

const reduction: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [3, () => ({ '+': [{ var: 'current' }, { var: 'accumulator' }] })],
    [1, () => ({ '+': [{ var: 'current.age' }, { var: 'accumulator' }] })],
    [2, () => ({ cat: [{ var: 'accumulator' }, { var: 'current' }] })],
    [1, () => ({ and: [{ var: 'accumulator' }, { var: 'current' }] })],
    [2, () => expression(random, depth)],
  ]);

const version: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [12, () => anyVersion(random)],
    [3, () => ({ var: 'version' })],
    [1, () => anyNumber(random)],
    [2, () => wideNumber(random)],
    [1, () => expression(random, depth)],
  ]);

const nothing: Make = () => null;

const relation: Make = (random) =>
  random.weighted<JsonValue>([
    [20, () => random.pick(['=', '!=', '<', '<=', '>', '>=', '^', '~'])],
    [2, () => random.pick(['==', '=>', '', ' =', '^ '])],
    [1, () => anyScalar(random)],
  ]);

const bucketingValue: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [3, () => ({ cat: [{ var: '$flagd.flagKey' }, { var: 'email' }] })],
    [2, () => ({ var: random.pick(['email', 'age', 'missing', 'any', 'list', 'targetingKey']) })],
    [2, () => anyText(random)],
    [1, () => anyScalar(random)],
    [1, () => expression(random, depth)],
  ]);

const weight: Make = (random, depth) =>
  random.weighted<JsonValue>([
    [8, () => 1 + random.below(100)],
    [2, () => random.pick([0, -5, 1.5, 2 ** 31 - 1, 2 ** 31, 2 ** 31 - 2, 1e300, -1e300])],
    [1, () => anyScalar(random)],
    [1, () => numeric(random, depth)],
  ]);

const entry: Make = (random, depth) => {
  const variant = random.weighted<JsonValue>([
    [10, () => random.pick(['on', 'off', 'a', 'b', 'true', '1'])],
    [1, () => anyScalar(random)],
    [1, () => expression(random, depth)],
  ]);
  return random.weighted<JsonValue>([
    [10, () => [variant, weight(random, depth)]],
    [2, () => [variant]],
    [0.5, () => []],
    [0.5, () => [variant, weight(random, depth), anyScalar(random)]],
    [0.3, () => anyScalar(random)],
    [0.3, () => expression(random, depth)],
  ]);
};

const fractional: Make = (random, depth) => {
  if (random.chance(0.03)) return expression(random, depth);
  const entries = random.list(random.chance(0.1) ? 0 : 2, 4, () => entry(random, depth));
  return random.chance(0.4) ? entries : [bucketingValue(random, depth), ...entries];
};

const path: Make = (random) => {
  const known = random.pick(PATHS);
  return random.weighted<JsonValue>([
    [12, () => known],
    [2, () => [known]],
    [2, () => [known, anyScalar(random)]],
    [1, () => [known, expression(random, 0)]],
    [0.5, () => [known, anyScalar(random), 1]],
    [0.5, () => anyNumber(random)],
    [0.5, () => anyValue(random, 2)],
    [0.5, () => expression(random, 0)],
    [0.3, () => ({ cat: ['ag', 'e'] })],
  ]);
};

/** What makes the argument of each operator. */
const OPERATORS: ReadonlyMap<string, Make> = new Map([
  ...sharing(['==', '!=', '===', '!==', '<', '<=', '>', '>='], compared),
  ...sharing(['!', '!!'], alike(1, 1, expression)),
  ...sharing(['and', 'or'], alike(1, 3, truth)),
  ...sharing(['if', '?:'], alike(1, 5, expression)),
  ...sharing(['+', '*', '-', '/', 'max', 'min'], alike(1, 3, numeric)),
  ['%', alike(2, 2, numeric)],
  ['abs', alike(1, 1, numeric)],
  ['cat', alike(1, 4, either(textual, textual, numeric, nothing))],
  ['substr', either(inOrder(textual, position), inOrder(textual, position, position))],
  ...sharing(['starts_with', 'ends_with'], alike(2, 2, textual)),
  ['in', inOrder(either(textual, numeric), either(textual, list, list))],
  ['merge', alike(0, 3, list)],
  ...sharing(['map', 'filter', 'all', 'none', 'some'], inOrder(list, body)),
  ['reduce', inOrder(list, reduction, either(anyScalar, anyScalar, anyScalar, expression))],
  ...sharing(['contains_all', 'contains_any', 'contains_none'], inOrder(list, list)),
  ['var', path],
  ['missing', alike(0, 3, (random) => (random.chance(0.9) ? random.pick(PATHS) : variable(random)))],
  ['missing_some', inOrder(position, (random) => random.list(0, 4, () => random.pick(PATHS)))],
  [
    'set',
    inOrder(
      either((random) => anyObject(random, 2), list),
      textual,
      expression,
    ),
  ],
  ['sem_ver', inOrder(version, relation, version)],
  ['fractional', fractional],
  ['nosuchoperator', alike(0, 2, expression)],
  ['$ref', anyScalar],
]);
const NAMES = [...OPERATORS.keys()];

function sharing(names: readonly string[], make: Make): readonly (readonly [string, Make])[] {
  return names.map((name) => [name, make] as const);
}

function variable(random: SeededRandom): JsonValue {
  return { var: path(random, 0) };
}

/** A call of one of the operators, or what stands in its place at the bottom. */
function call(
  random: SeededRandom,
  depth: number,
  names: readonly string[],
  leaf: (random: SeededRandom) => JsonValue = variable,
): JsonValue {
  if (depth <= 0) return leaf(random);
  const name = random.pick(names);
  return { [name]: OPERATORS.get(name)!(random, depth - 1) };
}

/** Any expression with at most `depth` levels of operators. */
function expression(random: SeededRandom, depth: number): JsonValue {
  return random.weighted<JsonValue>([
    [6, () => call(random, depth, NAMES)],
    [2, () => variable(random)],
    [2, () => anyScalar(random)],
    [0.6, () => random.list(0, 3, () => expression(random, depth - 1))],
    [0.3, () => anyValue(random, 2)],
  ]);
}

/** An expression as targeting: an operator at the top, often one that tells true from false. */
export function targeting(random: SeededRandom, depth: number): JsonValue {
  return random.weighted<JsonValue>([
    [6, () => call(random, depth, NAMES)],
    [2, () => ({ if: [call(random, depth, NAMES), 'on', 'off'] })],
    [0.3, () => ({ if: [true, { var: random.pick(['code', 'users.0.code']) }] })],
    [1, () => ({ fractional: [expression(random, depth - 1), ['on', 50], ['off', 50]] })],
    [0.5, () => expression(random, depth)],
  ]);
}
