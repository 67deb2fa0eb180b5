import { expect, it } from 'vitest';
import { PacedStarts } from './paced-starts.ts';

it('starts so many in a turn, the others in their order, and counts each turn anew', () => {
  const started: number[] = [];
  const turns: (() => void)[] = [];
  const paced = new PacedStarts<number>(
    2,
    (item) => started.push(item),
    (callback) => turns.push(callback),
  );
  for (let item = 1; item <= 5; item++) paced.add(item);
  expect(started).toEqual([1, 2]);
  turns.shift()!();
  expect(started).toEqual([1, 2, 3, 4]);
  // Who comes now is behind those that wait.
  paced.add(6);
  expect(started).toEqual([1, 2, 3, 4]);
  turns.shift()!();
  expect(started).toEqual([1, 2, 3, 4, 5, 6]);
  turns.shift()!();
  expect(turns).toEqual([]);
  paced.add(7);
  expect(started.at(-1)).toBe(7);
});
