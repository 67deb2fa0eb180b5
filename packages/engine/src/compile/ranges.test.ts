import { describe, expect, test } from 'vitest';
import type { GateDefinition } from '../model.ts';
import { excludedEnd, spaceEnd } from './ranges.ts';

describe('the excluded end of a range', () => {
  const hundred: GateDefinition = { buckets: 100 };
  /** The next double above, computed from the size of the last bit. */
  const above70 = 70 + 2 ** -46;

  test.each<[number, GateDefinition, number]>([
    [70, {}, 70],
    [70, { upperClosed: true }, above70],
    [70, { fullIsClosed: true }, 70],
    [100, { fullIsClosed: true }, 100 + 2 ** -46],
    [100, { fullIsClosed: true, offset: 1 }, 100],
    [101, { fullIsClosed: true, offset: 1 }, 101 + 2 ** -46],
    [100, {}, 100],
    [0, { upperClosed: true }, Number.MIN_VALUE],
    [-0, { upperClosed: true }, Number.MIN_VALUE],
    [0, { upperClosed: true, zeroIsNobody: true }, 0],
    [70, { upperClosed: true, zeroIsNobody: true }, above70],
  ])('up to %d under %j is %d', (to, gate, end) => {
    expect(excludedEnd(to, { ...hundred, ...gate })).toBe(end);
  });

  test('is never beyond the numbers of the gate unless those include it', () => {
    expect(spaceEnd(hundred)).toBe(100);
    expect(spaceEnd({ buckets: 100, offset: 1 })).toBe(101);
  });
});
