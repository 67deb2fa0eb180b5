import { describe, expect, test } from 'vitest';
import { WalkAbort } from '../walk.ts';
import { isTextBefore, toText, trimBlanks } from './text-forms.ts';

const MISUSE = new WalkAbort('PARSE_ERROR', 'No text.');

describe('text', () => {
  test.each([
    ['0.000000125', 1.25e-7],
    ['-0.00000000125', -1.25e-9],
    ['1250000000000000000000', 1.25e21],
  ])('of a number has no exponent: %s', (expected, value) => {
    expect(toText(value, MISUSE)).toBe(expected);
  });

  test.each([
    ['a', 'a'],
    ['a', ' a'],
    ['a', 'a '],
    ['a', '\u0085a\u0085'],
    ['', ' \t\u3000'],
    ['', ''],
  ])('without blanks at its ends: %j of %j', (expected, text) => {
    expect(trimBlanks(text)).toBe(expected);
  });

  test.each([
    [true, 'a', 'ab'],
    [false, 'ab', 'a'],
    [false, 'a', 'a'],
    [true, 'a', '\uffff'],
    [true, '\ue000', '\uffff'],
    [true, '\uffff', '\u{10000}'],
    [false, '\u{10000}', '\uffff'],
    [true, '\uffff', '\u{10ffff}'],
  ])('is in the order of its code points: %j for %j before %j', (expected, a, b) => {
    expect(isTextBefore(a, b)).toBe(expected);
  });
});
