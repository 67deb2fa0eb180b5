import { expect, test } from 'vitest';
import { TestClock } from './test-clock.ts';

test('time stands still until it is moved, and what is due runs at its moment, in order', () => {
  const clock = new TestClock(1_000);
  const ran: [string, number][] = [];
  const note = (name: string) => (): void => {
    ran.push([name, clock.nowMs()]);
  };
  clock.schedule(30, note('late'));
  clock.schedule(10, note('first'));
  clock.schedule(10, () => {
    note('second')();
    clock.schedule(5, note('from within'));
  });
  clock.schedule(20, note('cancelled'))();
  clock.schedule(100, note('never'));
  expect([clock.nowMs(), clock.monotonicMs(), ran]).toEqual([1_000, 0, []]);
  clock.advance(50);
  expect(ran).toEqual([
    ['first', 1_010],
    ['second', 1_010],
    ['from within', 1_015],
    ['late', 1_030],
  ]);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_050, 50]);
});
