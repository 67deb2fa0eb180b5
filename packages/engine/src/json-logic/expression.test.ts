import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { Walk } from '../walk.ts';
import { Run } from './expression.ts';

const ROOT = { a: 1 };

function newRun(flagKey?: string): Run {
  const walk = new Walk({ flag: () => undefined, segment: () => undefined });
  walk.begin({}, 2_999, undefined);
  return new Run(walk, { operators: new Map(), flagKey }, ROOT);
}

test('a run may spend the whole budget, and nothing beyond it', () => {
  const run = newRun();
  run.spend(LIMITS.evaluationSteps);
  run.spendText(15);
  expect(run.walk.steps).toBe(LIMITS.evaluationSteps);
  expect(() => run.spendText(16)).toThrow('steps over this context');
});

test('text costs a step for each 16 characters', () => {
  const costs = [0, 15, 16, 31, 32].map((chars) => {
    const run = newRun();
    run.spendText(chars);
    return run.walk.steps;
  });
  expect(costs).toEqual([0, 0, 1, 1, 2]);
});

test('expressions inside data are left before the next ones are entered, or nest', () => {
  const run = newRun();
  for (let time = 0; time < 20; time += 1) {
    run.enterCode();
    run.leaveCode();
  }
  for (let depth = 0; depth < 5; depth += 1) run.enterCode();
  expect(() => run.enterCode()).toThrow(expect.objectContaining({ code: 'GENERAL' }));
});

test('the flag is that of the data as a whole', () => {
  const run = newRun('f');
  expect([run.flagKeyOf(ROOT), run.flagKeyOf({ ...ROOT })]).toEqual(['f', undefined]);
  expect([run.flagdOf(ROOT), run.flagdOf({ ...ROOT })]).toEqual([{ flagKey: 'f', timestamp: 2 }, undefined]);
  expect([newRun().flagKeyOf(ROOT), newRun().flagdOf(ROOT)]).toEqual([undefined, undefined]);
});
