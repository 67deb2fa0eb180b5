import { describe, expect, test } from 'vitest';
import { compareProblems, type Problem, ProblemList } from './problem.ts';

const PROBLEM: Problem = { key: 'b', entity: 'flagConfig', path: 'b', code: 'B', message: 'b' };

describe('problems', () => {
  test.each<Partial<Problem>>([
    { key: 'a', entity: 'segment', path: 'c', code: 'C', message: 'c' },
    { entity: 'flag', path: 'c', code: 'C', message: 'c' },
    { path: 'a', code: 'C', message: 'c' },
    { code: 'A', message: 'c' },
    { message: 'a' },
  ])('with %j stand before others', (earlier) => {
    expect(compareProblems({ ...PROBLEM, ...earlier }, PROBLEM)).toBe(-1);
    expect(compareProblems(PROBLEM, { ...PROBLEM, ...earlier })).toBe(1);
  });

  test('that are equal have no order', () => {
    expect(compareProblems(PROBLEM, { ...PROBLEM })).toBe(0);
  });

  test('of a list that is too long, not of one that is full', () => {
    const found: Problem[] = [];
    const list = new ProblemList('flag', 'f', found);
    list.limit('rules', 'Rules', 500, 500);
    expect(found).toEqual([]);
    list.limit('rules', 'Rules', 501, 500);
    expect(found).toEqual([
      {
        code: 'LIMIT_EXCEEDED',
        entity: 'flag',
        key: 'f',
        path: 'rules',
        message: 'Rules: 501 are given, at most 500 are allowed.',
      },
    ]);
    expect(list.size).toBe(1);
  });
});
