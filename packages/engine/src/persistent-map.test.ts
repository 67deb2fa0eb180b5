import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PersistentMap } from './persistent-map.ts';

function filled(size: number): PersistentMap<number, string> {
  return new PersistentMap(new Map(Array.from({ length: size }, (_, key) => [key, `first ${key}`])));
}

function contents<Key, Value extends object | string>(map: PersistentMap<Key, Value>): Map<Key, Value> {
  return new Map(map.entries());
}

describe('an edit', () => {
  test('leaves the map that it began with as it was', () => {
    const before = filled(3);
    const edit = before.edit();
    edit.set(1, 'second');
    edit.set(7, 'new');
    edit.delete(0);
    const after = edit.done();
    expect(contents(before)).toEqual(contents(filled(3)));
    expect(contents(after)).toEqual(
      new Map([
        [1, 'second'],
        [2, 'first 2'],
        [7, 'new'],
      ]),
    );
    expect(after.size).toBe(3);
    expect(after.get(0)).toBeUndefined();
  });

  test('sees what it has edited', () => {
    const edit = filled(2).edit();
    edit.delete(0);
    expect(edit.get(0)).toBeUndefined();
    edit.set(0, 'again');
    expect(edit.get(0)).toBe('again');
    expect(edit.done().size).toBe(2);
  });

  test('of nothing answers the map itself', () => {
    const map = filled(2);
    expect(map.edit().done()).toBe(map);
    const edit = map.edit();
    edit.delete(99);
    expect(edit.done()).toBe(map);
  });

  test('that empties a map and fills it again', () => {
    const edit = filled(2).edit();
    edit.delete(0);
    edit.delete(1);
    const empty = edit.done();
    expect([...empty.keys()]).toEqual([]);
    expect(empty.size).toBe(0);
    const refill = empty.edit();
    refill.set(1, 'again');
    expect([...refill.done().values()]).toEqual(['again']);
  });
});

type Step =
  | { readonly kind: 'set' | 'delete'; readonly key: number }
  | { readonly kind: 'done' }
  /** Goes on from an older map. */
  | { readonly kind: 'back'; readonly version: number };

const KEYS = 150;
const key = fc.nat(KEYS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ kind: fc.constant('set' as const), key }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('done' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), version: fc.nat(20) }) },
);

test('every version says what a native map copied for it says', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const versions = [{ map: new PersistentMap<number, string>(), model: new Map<number, string>() }];
      let edit = versions[0]!.map.edit();
      let model = new Map<number, string>();
      steps.forEach((one, index) => {
        if (one.kind === 'set') {
          edit.set(one.key, `value ${index}`);
          model.set(one.key, `value ${index}`);
        } else if (one.kind === 'delete') {
          edit.delete(one.key);
          model.delete(one.key);
        } else {
          versions.push({ map: edit.done(), model });
          const from = versions[one.kind === 'back' ? one.version % versions.length : versions.length - 1]!;
          edit = from.map.edit();
          model = new Map(from.model);
        }
      });
      const asked = Array.from({ length: KEYS }, (_, index) => index);
      for (const { map, model: said } of versions) {
        expect(contents(map)).toEqual(said);
        expect([map.size, [...map.keys()].length]).toEqual([said.size, said.size]);
        expect(asked.map((one) => map.get(one))).toEqual(asked.map((one) => said.get(one)));
      }
    }),
    { numRuns: 20 },
  );
});
