import { describe, expect, test } from 'vitest';
import { WalkAbort } from '../walk.ts';
import { toComparable, toInteger, toNumber } from './number-forms.ts';

const MISUSE = new WalkAbort('PARSE_ERROR', 'No number.');
const INT64_MIN = -(2 ** 63);

/** Text that is no number counts 0. */
const NUMBERS: readonly (readonly [number, string])[] = [
  [Infinity, 'inf'],
  [Infinity, '+Infinity'],
  [-Infinity, '-inf'],
  [0, 'xinf'],
  [0, 'infx'],
  [Number.NaN, 'NaN'],
  [0, 'xnan'],
  [0, 'nanx'],
  [18, '0x12p0'],
  [0x1_23, '0x1_23p0'],
  [0xab, '0X_abP0'],
  [1.5, '0x1.8p0'],
  [-0.5, '-0x.8p0'],
  [1 + 0x88 / 0x100, '0x1.8_8p0'],
  [1 + 0x888 / 0x1000, '0x1.8_88p0'],
  [2 ** 10, '0x1p10'],
  [2 ** 100, '0x1p1_00'],
  [0, '0xp0'],
  [0, '0x.p0'],
  [0, '0x1__0p0'],
  [0, '0x1_zp0'],
  [0, '0x1.zp0'],
  [0, '0x1.8_zp0'],
  [0, '0x1p1_z'],
  [0, 'z0x1p1'],
  [0, '0x1p1z'],
];

describe('numbers of text', () => {
  test.each(NUMBERS)('%d: %s', (expected, text) => {
    expect(toNumber(text, MISUSE)).toBe(expected);
  });

  test('are of at most 400 characters', () => {
    expect(toNumber('1'.padStart(400, '0'), MISUSE)).toBe(1);
    expect(toNumber('1'.padStart(401, '0'), MISUSE)).toBe(0);
  });

  test('compare as infinite when written so, and with nothing when too large', () => {
    expect(toComparable('-inf')).toBe(-Infinity);
    expect(toComparable('1e999')).toBeNaN();
  });
});

describe('integers', () => {
  test.each([
    [1, 1.9],
    [-1, -1.9],
    [2 ** 63 - 1024, 2 ** 63 - 1024],
    [INT64_MIN, 2 ** 63],
    [INT64_MIN, Infinity],
    [INT64_MIN, INT64_MIN],
    [INT64_MIN, -(2 ** 64)],
    [INT64_MIN, -Infinity],
    [INT64_MIN, Number.NaN],
  ])('%d: %d', (expected, value) => {
    expect(toInteger(value)).toBe(expected);
  });
});
