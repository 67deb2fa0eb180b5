// Text by what engines read it as: numbers in all spellings of Go and almost, blanks, versions and almost,
// characters of one to four bytes, what JSON escapes.

import type { SeededRandom } from './seeded-random.ts';

const PLAIN = [
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
  'user@faas.com',
  '@faas.com',
  'SI7p-',
  '6LvT0',
  'ceQdGm',
];
const NUMERIC = [
  '0',
  '1',
  '2',
  '10',
  '9',
  '3.5',
  '-1',
  '+4',
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
];
const BLANK = [' ', '\t\n', ' 5 ', '5 ', '\u00a0x\u00a0', '\ufeffx', '\u0085', '\u2003a', 'a\u2028'];
const WIDE = ['é', 'ü', 'e\u0301', '日本語', '\uffee', '😀', 'a😀b', '😀\uffee', '\uffee😀'];
const ESCAPED = ['<b>&', 'a"b', 'a\\b', 'a\nb', '\u0000', '\u007f', '{"$ref":"a"}'];
const NAMED = ['.', '..', 'a.b', '[1]', '__proto__', 'constructor'];

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

export function anyText(random: SeededRandom): string {
  return random.weighted([
    [4, () => random.pick(PLAIN)],
    [3, () => numericText(random)],
    [1, () => random.pick(BLANK)],
    [2, () => random.pick(WIDE)],
    [1, () => random.pick(ESCAPED)],
    [1, () => random.pick(NAMED)],
    [1, () => anyVersion(random)],
  ]);
}

/** Text that is a number, or made of the characters that numbers are written with. */
export function numericText(random: SeededRandom): string {
  if (random.chance(0.7)) return random.pick(NUMERIC);
  return madeOf(random, random.chance(0.5) ? '0123_.eE+-' : '018aAfF_.xXpP+-', 8);
}

/** Words with blanks around them. */
export function blankedText(random: SeededRandom): string {
  return `${random.pick(['', ...BLANK])}${random.pick(PLAIN)}${random.pick(['', ...BLANK])}`;
}

export function wideText(random: SeededRandom): string {
  return random.list(1, 3, () => random.pick(WIDE)).join('');
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
