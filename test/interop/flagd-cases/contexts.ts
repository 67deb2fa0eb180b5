// Contexts with the names that the expressions ask for, most of the time.

import type { JsonObject, JsonValue } from '@flagstream/engine';
import type { SeededRandom } from './seeded-random.ts';
import { anyText, anyVersion, numericText } from './texts.ts';
import { anyNumber, anyObject, anyScalar, anyValue } from './values.ts';

/** Values that are read as expressions where a server takes data for code. */
const CODE: readonly JsonValue[] = [
  { var: 'email' },
  { var: 'age' },
  { '+': [1, 2] },
  { if: [true, 'a', 'b'] },
  { nosuchoperator: 1 },
  { a: 1 },
  ['email', 'zz'],
  [{ var: 'age' }, 'zz'],
  { if: [{ var: 'code' }, 'a'] },
];

export function anyContext(random: SeededRandom): JsonObject {
  const members: [string, JsonValue][] = [];
  const add = (name: string, probability: number, make: () => JsonValue): void => {
    if (random.chance(probability)) members.push([name, make()]);
  };
  add('targetingKey', 0.85, () => targetingKey(random));
  add('email', 0.8, () => random.pick(['user@faas.com', 'x@y.org', 'é@ü.de', '', 'a']));
  add('age', 0.8, () => (random.chance(0.8) ? anyNumber(random) : anyScalar(random)));
  add('version', 0.7, () => (random.chance(0.8) ? anyVersion(random) : anyValue(random, 1)));
  add('list', 0.8, () => anyList(random));
  add('users', 0.7, () => users(random));
  add('nested', 0.7, () => ({ a: { b: anyList(random), c: anyScalar(random) }, '': anyScalar(random) }));
  add('count', 0.7, () => (random.chance(0.7) ? anyNumber(random) : numericText(random)));
  add('flag', 0.5, () => random.chance(0.5));
  add('nothing', 0.5, () => null);
  add('any', 0.6, () => anyValue(random, 2));
  add('code', 0.5, () => random.pick(CODE));
  add('a', 0.4, () => anyScalar(random));
  add('', 0.1, () => anyScalar(random));
  add('0', 0.2, () => anyScalar(random));
  add('1.5', 0.1, () => anyScalar(random));
  add('é', 0.2, () => anyText(random));
  add('__proto__', 0.1, () => anyScalar(random));
  add('constructor', 0.1, () => anyScalar(random));
  add('$flagd', 0.1, () => (random.chance(0.5) ? { flagKey: 'mine', timestamp: 1 } : anyObject(random, 2)));
  return Object.fromEntries(members);
}

function targetingKey(random: SeededRandom): JsonValue {
  return random.weighted<JsonValue>([
    [6, () => `user-${random.below(1_000)}`],
    [2, () => anyText(random)],
    [1, () => ''],
    [1, () => anyScalar(random)],
    [0.5, () => anyValue(random, 1)],
  ]);
}

function anyList(random: SeededRandom): JsonValue {
  return random.weighted<JsonValue>([
    [3, () => random.list(0, 4, () => anyNumber(random))],
    [3, () => random.list(0, 4, () => anyText(random))],
    [2, () => random.list(0, 4, () => anyScalar(random))],
    [1, () => random.list(0, 4, () => anyValue(random, 2))],
    [0.5, () => anyScalar(random)],
  ]);
}

/** Items whose names are also names of the context, or of what a list's body sees. */
function users(random: SeededRandom): JsonValue {
  return random.list(0, 3, () => {
    const user: [string, JsonValue][] = [['age', anyNumber(random)]];
    if (random.chance(0.7)) user.push(['name', anyText(random)]);
    if (random.chance(0.3)) user.push(['tags', random.list(0, 3, () => anyText(random))]);
    if (random.chance(0.2)) user.push(['targetingKey', targetingKey(random)]);
    if (random.chance(0.1)) user.push(['$flagd', flagdOfItem(random)]);
    if (random.chance(0.1)) user.push(['code', random.pick(CODE)]);
    return Object.fromEntries(user);
  });
}

function flagdOfItem(random: SeededRandom): JsonValue {
  return random.pick<JsonValue>([
    { flagKey: 'item' },
    { flagKey: 'item', timestamp: 1 },
    { flagKey: 'item', timestamp: 'x' },
    { flagKey: 'item', timestamp: 1.5 },
    { flagKey: 1 },
    { FlagKey: 'item' },
    null,
    'text',
    ['x'],
  ]);
}
