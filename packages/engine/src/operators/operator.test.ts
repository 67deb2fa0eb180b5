import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../model.ts';
import { furtherValues, isLarge, operator } from './operator.ts';

const compile = (): never => {
  throw new Error('This operator is asked for its cost alone.');
};
const plain = operator('plain', compile);
const growing = operator('growing', compile, { growsWithText: true });
const text = (chars: number): string => 'x'.repeat(chars);

describe('a value', () => {
  test.each<[JsonValue | undefined, boolean]>([
    [text(257), true],
    [text(256), false],
    [[], true],
    [{}, true],
    [257, false],
    [true, false],
    [undefined, false],
  ])('%j is large: %s', (value, large) => {
    expect(isLarge(value)).toBe(large);
  });

  test.each<[JsonValue, number, number]>([
    [text(255), 0, 0],
    [text(256), 0, 1],
    [text(512), 0, 2],
    [null, 0, 0],
    [7, 0, 0],
    [{ length: 8_000 }, 0, 0],
    [[], 0, 0],
    [new Array<number>(8).fill(1), 1, 1],
    [new Array<number>(9).fill(1), 2, 2],
    [new Array<number>(9_000).fill(1), 125, 125],
    [[text(512), text(255), 1, null, [text(512)]], 1, 3],
    [[...new Array<string>(1_000).fill(text(256)), text(100_000)], 125, 1_125],
  ])('%j takes %i further times, %i where steps grow with text', (value, times, timesGrowing) => {
    expect(furtherValues(plain, value)).toBe(times);
    expect(furtherValues(growing, value)).toBe(timesGrowing);
  });
});
