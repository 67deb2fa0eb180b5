// Values that JSON holds, chosen for what engines read differently: numbers at the ends of their forms, text
// that looks like a number, text beyond ASCII, names that JavaScript knows.

import type { JsonObject, JsonValue } from '@flagstream/engine';
import type { SeededRandom } from './seeded-random.ts';

const NUMBERS = [
  0,
  1,
  2,
  3,
  5,
  10,
  25,
  100,
  -1,
  -2,
  -7,
  0.1,
  0.5,
  1.5,
  3.14,
  1.1,
  33,
  50,
  1e21,
  1e20,
  1.2345678901234568e20,
  1e-6,
  1e-7,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2147483647,
  2147483648,
  4294967296,
  -2147483649,
  9007199254740992,
  0.30000000000000004,
  1e100,
  -1e-9,
  2 ** 63,
];

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'abc',
  'on',
  'off',
  'true',
  'false',
  'null',
  '0',
  '1',
  '2',
  '10',
  '9',
  '3.5',
  '-1',
  '+4',
  ' 5 ',
  '5 ',
  '.5',
  '5.',
  '1e3',
  '1E-2',
  '1e999',
  '-1e999',
  '1e-999',
  '0x10',
  '0x1p4',
  '0X1.8P1',
  '1_000',
  '0x_1p0',
  'inf',
  '-Infinity',
  '+inf',
  'NaN',
  'nan',
  '-nan',
  '1,5',
  '0b1',
  '٣',
  ' ',
  '\t\n',
  '\u00a0x\u00a0',
  '\ufeffx',
  '\u0085',
  'é',
  'ü',
  '日本語',
  '😀',
  'a😀b',
  '\uffee',
  'e\u0301',
  '\u0000',
  '\u007f',
  '\u2028',
  '<b>&',
  'a"b',
  'a\\b',
  'a\nb',
  '{"$ref":"a"}',
  '.',
  '..',
  'a.b',
  'user@faas.com',
  '@faas.com',
  'SI7p-',
  '6LvT0',
  'ceQdGm',
  '[1]',
  '__proto__',
  'constructor',
];

const VERSIONS = [
  '1.0.0',
  '1.2.3',
  '1.2.4',
  '1.3.0',
  '2.0.0',
  '0.1.0',
  '0.2.0',
  '1',
  '1.2',
  'v1.2.3',
  'V1.2.3',
  '1.2.3-alpha',
  '1.2.3-alpha.1',
  '1.2.3-alpha.beta',
  '1.2.3-1',
  '1.2.3-10',
  '1.2.3-2',
  '1.2.3-a-b',
  '1.2.3+build.1',
  '1.2.3-rc.1+build',
  '99999999999999999999.0.0',
  '100000000000000000000.0.0',
];

const ALMOST_VERSIONS = [
  'vv1.0.0',
  'vV1.0.0',
  'Vv1.0.0',
  '1.2.3-01',
  '1.2.3-0',
  '1.2.3-',
  '1.2.3+',
  '1.2-beta',
  '1-beta',
  '1.2+b',
  '01.2.3',
  '1.2.3.4',
  '1.x',
  ' 1.2.3',
  '1.2.3 ',
  '',
  'v',
  '1.',
  'é',
  '1.2.3-é',
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

export function anyText(random: SeededRandom): string {
  return random.weighted([
    [8, () => random.pick(TEXTS)],
    [1, () => anyVersion(random)],
    [1, () => nearNumber(random)],
  ]);
}

/** Text of the characters that numbers are written with. */
function nearNumber(random: SeededRandom): string {
  return madeOf(random, random.chance(0.5) ? '0123_.eE+-' : '018aAfF_.xXpP+-', 8);
}

export function anyVersion(random: SeededRandom): string {
  return random.weighted([
    [12, () => random.pick(VERSIONS)],
    [2, () => random.pick(ALMOST_VERSIONS)],
    [1, () => `${random.pick(['', '1.', '1.2.', '1.2.3', 'v1.0.0'])}${madeOf(random, '012.-+avV', 4)}`],
  ]);
}

function madeOf(random: SeededRandom, characters: string, most: number): string {
  return random.list(1, most, () => characters.charAt(random.below(characters.length))).join('');
}

/** Of any size, some of them whole. */
export function wideNumber(random: SeededRandom): number {
  const digits = random.below(10 ** (1 + random.below(12)));
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
