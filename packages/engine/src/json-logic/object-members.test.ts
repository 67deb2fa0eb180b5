import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../model.ts';
import { Walk } from '../walk.ts';
import { Run } from './expression.ts';
import { hasMembers, memberOf, membersOf, onlyMember } from './object-members.ts';

const FLAGD = { flagKey: 'f', timestamp: 2 };

function runOver(root: JsonValue, flagKey?: string): Run {
  const walk = new Walk({ flag: () => undefined, segment: () => undefined });
  walk.begin({}, 2_500, undefined);
  return new Run(walk, { operators: new Map(), flagKey }, root);
}

describe('members of an object', () => {
  test.each<[JsonObject, string | undefined, string | undefined]>([
    [{}, undefined, '$flagd'],
    [{ a: 1 }, 'a', undefined],
    [{ a: 1, b: 2 }, undefined, undefined],
    [{ a: 1, b: 2, c: 3 }, undefined, undefined],
    [{ $flagd: 1 }, '$flagd', '$flagd'],
    [{ $flagd: 1, a: 2 }, undefined, undefined],
    [{ a: 2, $flagd: 1 }, undefined, undefined],
  ])('the only one of %j is %j, of such a root %j', (object, only, onlyOfRoot) => {
    const inner = runOver(null, 'f');
    expect([onlyMember(object, inner), onlyMember(object, inner)]).toEqual([only, only]);
    expect(onlyMember(object, runOver(object))).toBe(only);
    expect(onlyMember(object, runOver(object, 'f'))).toBe(onlyOfRoot);
  });

  test('are own members only, with $flagd last where the data is the root', () => {
    const object: JsonObject = { $flagd: 'mine', a: 1, b: null };
    const run = runOver(object, 'f');
    expect(membersOf(object, run)).toEqual([
      ['a', 1],
      ['b', null],
      ['$flagd', FLAGD],
    ]);
    expect(membersOf({ ...object }, run)).toEqual(Object.entries(object));
    expect(['$flagd', 'a', 'b', 'c', 'toString'].map((name) => memberOf(object, name, run))).toEqual([
      FLAGD,
      1,
      null,
      null,
      null,
    ]);
    expect(memberOf({ ...object }, '$flagd', run)).toBe('mine');
    expect([{}, { a: 1 }].map((value) => hasMembers(value, run))).toEqual([false, true]);
    const empty = {};
    expect(hasMembers(empty, runOver(empty, 'f'))).toBe(true);
  });
});
