// Documents with whatever flagd's schema forbids and flagd may take: states, variants, defaults, targeting and
// references of any kind.

import type { JsonObject, JsonValue } from '@flagstream/engine';
import type { FlagdCase } from '../support/flagd-go.ts';
import { anyContext } from './contexts.ts';
import type { SeededRandom } from './seeded-random.ts';
import { anyText } from './texts.ts';
import { anyObject, anyScalar, anyValue } from './values.ts';

const TYPES = ['boolean', 'string', 'number', 'object', 'any', 'any'];
const EVALUATORS = ['a', 'b', 'é', '<c>', 'd"d', 'zz'];

export function oddDocument(random: SeededRandom, flagKey: string): Omit<FlagdCase, 'id' | 'flagKey'> {
  const flags = flagsOf(random, flagKey);
  const document: [string, JsonValue][] = [];
  if (random.chance(0.98)) document.push([random.chance(0.97) ? 'flags' : 'Flags', flags]);
  if (random.chance(0.5))
    document.push([random.chance(0.97) ? '$evaluators' : '$Evaluators', evaluators(random)]);
  if (random.chance(0.3)) document.push(['metadata', metadata(random)]);
  if (random.chance(0.1)) document.push([random.pick(['$schema', 'FLAG', 'x']), anyValue(random, 1)]);
  return {
    document: JSON.stringify(Object.fromEntries(document), undefined, random.chance(0.3) ? 2 : undefined),
    context: anyContext(random),
    type: random.pick(TYPES),
  };
}

function flagsOf(random: SeededRandom, flagKey: string): JsonValue {
  const flag = anyFlag(random);
  return random.weighted<JsonValue>([
    [16, () => ({ [flagKey]: flag })],
    [1, () => [{ ...flag, key: flagKey }]],
    [
      0.5,
      () => [
        { ...flag, key: flagKey, state: 'DISABLED' },
        { ...flag, key: flagKey },
      ],
    ],
    [0.5, () => ({ other: flag })],
    [0.3, () => ({ [flagKey]: anyScalar(random) })],
    [0.2, () => anyValue(random, 1)],
  ]);
}

function anyFlag(random: SeededRandom): JsonObject {
  const flag: [string, JsonValue][] = [];
  const add = (name: string, probability: number, make: () => JsonValue): void => {
    if (random.chance(probability)) flag.push([name, make()]);
  };
  const variants = anyVariants(random);
  add('state', 0.95, () =>
    random.chance(0.8) ? 'ENABLED' : random.pick(['DISABLED', 'disabled', '', null, 'enabled', 1]),
  );
  add('variants', 0.97, () => (random.chance(0.97) ? variants : anyValue(random, 1)));
  add('defaultVariant', 0.85, () => defaultVariant(random, Object.keys(variants)));
  add('targeting', 0.7, () => anyTargeting(random, Object.keys(variants)));
  add('metadata', 0.3, () => metadata(random));
  add('State', 0.02, () => random.pick(['DISABLED', null]));
  add('DefaultVariant', 0.02, () => 'on');
  add('source', 0.02, () => anyScalar(random));
  add('Targeting', 0.02, () => 'on');
  return Object.fromEntries(flag);
}

function anyVariants(random: SeededRandom): JsonObject {
  const names = ['on', 'off', 'true', 'false', '1', '1.5', 'null', 'é', 'a b', '<x>', 'a"b', 'a\\b', '[]'];
  const kinds: readonly (() => JsonValue)[] = [
    () => random.chance(0.5),
    () => anyText(random),
    () => random.pick([0, -1, 1, 3.14, 1e21, Number.MIN_VALUE, 9007199254740992]),
    () => anyObject(random, 2),
    () => anyValue(random, 2),
  ];
  const kind = random.pick(kinds);
  return Object.fromEntries([
    ['on', kind()],
    ['off', kind()],
    ...(random.chance(0.01) ? [['', kind()] as const] : []),
    ...random.list(
      0,
      3,
      () => [random.pick(names), random.chance(0.9) ? kind() : anyValue(random, 2)] as const,
    ),
  ]);
}

function defaultVariant(random: SeededRandom, names: readonly string[]): JsonValue {
  return random.weighted<JsonValue>([
    [12, () => random.pick(names)],
    [2, () => ''],
    [2, () => null],
    [0.5, () => 'unknown'],
    [0.3, () => anyScalar(random)],
  ]);
}

function metadata(random: SeededRandom): JsonValue {
  if (random.chance(0.1)) return anyValue(random, 2);
  // Few names, so that those of the flag meet those of its set.
  return Object.fromEntries(
    random.list(0, 3, () => [random.pick(['a', 'b', 'c']), random.chance(0.8) ? anyScalar(random) : [1]]),
  );
}

function anyTargeting(random: SeededRandom, names: readonly string[]): JsonValue {
  const name = (): string => random.pick(names);
  const reference = (): JsonObject => ({ $ref: random.pick(EVALUATORS) });
  return random.weighted<JsonValue>([
    [2, () => ({})],
    [2, () => null],
    [1, () => true],
    [1, () => random.pick(['', 'on', 'null', 'true', ' on ', 'a"b', '<x>'])],
    [1, () => anyValue(random, 1)],
    [1, () => []],
    [3, name],
    [
      3,
      () => ({
        if: [{ '==': [{ var: 'email' }, 'user@faas.com'] }, name(), random.chance(0.5) ? name() : null],
      }),
    ],
    [4, () => ({ if: [reference(), name(), name()] })],
    [3, reference],
    [1, () => ({ and: [reference(), reference(), name()] })],
    [1, () => ({ if: [{ $ref: 'a', x: 1 }, name(), name()] })],
    [0.5, () => ({ $ref: 'a', and: [] })],
    [0.5, () => ({ if: [true, { $ref: anyScalar(random) }] })],
    [
      1,
      () => ({
        fractional: [
          [name(), 50],
          [name(), 50],
        ],
      }),
    ],
    [1, () => ({ var: random.pick(['any', 'a', 'flag', 'age']) })],
  ]);
}

function evaluators(random: SeededRandom): JsonValue {
  if (random.chance(0.03)) return anyValue(random, 1);
  return Object.fromEntries(random.list(1, 4, () => [random.pick(EVALUATORS), evaluator(random)]));
}

function evaluator(random: SeededRandom): JsonValue {
  return random.weighted<JsonValue>([
    [6, () => ({ in: ['@faas.com', { var: ['email'] }] })],
    [3, () => ({ if: [{ var: 'flag' }, 'on', 'off'] })],
    [2, () => ({ '==': [{ var: '$flagd.flagKey' }, 'flag'] })],
    [1, () => ({ fractional: [{ var: 'email' }, ['on', 1], ['off', 1]] })],
    [1, () => anyObject(random, 2)],
    [0.5, () => anyValue(random, 1)],
    [0.3, () => random.pick<JsonValue>(['on', 'abc', true, null, 1, 100, [], [1, 2], '', {}, 'off'])],
  ]);
}
