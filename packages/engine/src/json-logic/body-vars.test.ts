import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../model.ts';
import { findVars, isFixedPath } from './body-vars.ts';

const A = { var: 'a' };

describe('the vars of a body', () => {
  test.each<[JsonValue, readonly string[]]>([
    [{ '<': [A, 1] }, ['a']],
    [{ '<': [A, A, { '+': [{ var: 'b.c' }] }] }, ['a', 'b.c']],
    [{ '<': [{ var: '' }, { var: '.a' }, null, 1] }, []],
    [{ '!': A }, ['a']],
    [{ if: [A, { '!': [{ var: 'b' }] }] }, ['a', 'b']],
  ])('%j has %j, which scalars may replace', (body, paths) => {
    expect(findVars(body)).toEqual({ paths, computed: false, replaceable: true });
  });

  test.each<JsonValue>([
    A,
    [A],
    { filter: [A, true] },
    { map: [A, true] },
    { reduce: [A, true, 0] },
    { all: [A, true] },
    { none: [A, true] },
    { some: [A, true] },
    { if: A },
    { '?:': A },
    { and: A },
    { or: A },
    { '!': [{ or: A }] },
    { '!': A, '!!': 1 },
    { if: [{ x: 1, y: A }] },
  ])('%j looks at how it is written', (body) => {
    expect(findVars(body)).toEqual({ paths: ['a'], computed: false, replaceable: false });
  });

  test.each<JsonValue>([
    { '<': [{ var: ['a', 1] }, 1] },
    { '!': { var: { cat: ['a'] } } },
    { '!': [{ var: 1 }] },
  ])('%j has a path that is computed', (body) => {
    expect(findVars(body)).toEqual({ paths: [], computed: true, replaceable: false });
  });

  test.each<[JsonValue, boolean]>([
    ['', true],
    ['.a', true],
    ['a.', false],
    [['.a'], false],
    [null, false],
  ])('%j stays: %j', (path, stays) => {
    expect(isFixedPath(path)).toBe(stays);
  });
});
