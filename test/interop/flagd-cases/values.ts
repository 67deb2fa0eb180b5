// Values that JSON holds, chosen for what engines read differently: numbers at the ends of their forms, names
// that JavaScript knows.

import type { JsonObject, JsonValue } from '@flagstream/engine';
import type { SeededRandom } from './seeded-random.ts';
import { anyText } from './texts.ts';

const NUMBERS = [
  ...[0.1, 0.5, 1.1, 1.5, 3.14, 0.30000000000000004, -1, -2, -7, 5, 10, 25, 33, 50, 100],
  ...[1e20, 1e21, 1e100, 1e-6, 1e-7, -1e-9, 1.2345678901234568e20, Number.MIN_VALUE, Number.MAX_VALUE],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 2 ** 53, 2 ** 63],
];

const NAMES = [
  'a',
  'b',
  'key',
  '',
  '0',
  'é',
  '<n>',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '$flagd',
  'a.b',
  'targetingKey',
  '😀',
  '\uffee',
];

export function anyNumber(random: SeededRandom): number {
  return random.weighted([
    [6, () => random.below(5)],
    [3, () => random.pick(NUMBERS)],
    [1, () => wideNumber(random)],
  ]);
}

/** Of any size; half of them are whole, with up to twelve digits. */
export function wideNumber(random: SeededRandom): number {
  const digits = random.below(10 ** (1 + random.below(12)));
  if (random.chance(0.5)) return digits;
  // 0 is added because JSON.stringify does not write -0.
  return Number(`${random.chance(0.2) ? '-' : ''}${digits}e${random.below(34) - 12}`) + 0;
}

export function anyScalar(random: SeededRandom): JsonValue {
  return random.weighted<JsonValue>([
    [5, () => anyText(random)],
    [4, () => anyNumber(random)],
    [2, () => random.chance(0.5)],
    [1, () => null],
  ]);
}

/** Anything, with at most `depth` levels below. */
export function anyValue(random: SeededRandom, depth: number): JsonValue {
  if (depth === 0) return anyScalar(random);
  return random.weighted<JsonValue>([
    [4, () => anyScalar(random)],
    [2, () => random.list(0, 4, () => anyValue(random, depth - 1))],
    [1, () => anyObject(random, depth)],
  ]);
}

export function anyObject(random: SeededRandom, depth: number): JsonObject {
  return Object.fromEntries(random.list(0, 3, () => [random.pick(NAMES), anyValue(random, depth - 1)]));
}
