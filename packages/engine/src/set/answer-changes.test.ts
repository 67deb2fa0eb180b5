import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COLOUR } from '../answers.fixture.ts';
import { setOf, switchUnit } from '../definitions.fixture.ts';
import { contexts } from '../laws/contexts.fixture.ts';
import { tameSets } from '../laws/tame-definitions.fixture.ts';
import { FLAG_KEYS } from '../laws/vocabulary.fixture.ts';
import type { FlagConfigDefinition, FlagDefinition, JsonValue } from '../model.ts';
import { type AnswerChange, answerChanges } from './answer-changes.ts';
import { updateSet } from './compile-set.ts';
import type { CompiledSet } from './compiled-set.ts';

const on = (variant: string): FlagConfigDefinition => ({ enabled: true, fallthrough: { variant } });

function brief({ flagKey, contextIndex, before, after }: AnswerChange): unknown[] {
  return [flagKey, contextIndex, before.variant ?? before.errorCode, after.variant ?? after.errorCode];
}

function changesBetween(before: CompiledSet, after: CompiledSet, flagKeys?: string[]): unknown[][] {
  const users = [{ targetingKey: 'u' }, { targetingKey: 'v' }];
  return [...answerChanges(before, after, users, { nowMs: 0, ...(flagKeys && { flagKeys }) })].map(brief);
}

describe('what would change', () => {
  const before = setOf([
    { key: 'a', flag: COLOUR, config: on('red') },
    { key: 'gone', flag: COLOUR, config: on('red') },
    { key: 'same', flag: COLOUR, config: on('red') },
  ]);
  const targeted = { ...on('red'), targets: [{ variant: 'green', values: ['v'] }] };
  const after = setOf([
    { key: 'a', flag: COLOUR, config: targeted },
    { key: 'new', flag: COLOUR, config: on('blue') },
    { key: 'same', flag: COLOUR, config: on('red') },
  ]);

  test('names who changes from what to what', () => {
    expect(changesBetween(before, after)).toEqual([
      ['a', 1, 'red', 'green'],
      ['gone', 0, 'red', 'FLAG_NOT_FOUND'],
      ['gone', 1, 'red', 'FLAG_NOT_FOUND'],
      ['new', 0, 'FLAG_NOT_FOUND', 'blue'],
      ['new', 1, 'FLAG_NOT_FOUND', 'blue'],
    ]);
    expect(changesBetween(before, after, ['same', 'a'])).toEqual([['a', 1, 'red', 'green']]);
  });

  test('sees through prerequisites and segments', () => {
    const child = switchUnit('child', {
      enabled: true,
      prerequisites: [{ flag: 'a', variants: ['red'] }],
      rules: [{ id: 'r', condition: { segment: 's' }, serve: { variant: 'on' } }],
      fallthrough: { variant: 'off' },
    });
    const set = setOf(
      [{ key: 'a', flag: COLOUR, config: on('red') }, child],
      [{ key: 's', segment: { included: ['u'] } }],
    );
    const edited = updateSet(set, {
      flags: new Map([['a', { key: 'a', flag: COLOUR, config: targeted }]]),
      segments: new Map([['s', { key: 's', segment: { included: ['u', 'v'] } }]]),
    }).set;
    expect(changesBetween(set, edited, ['child'])).toEqual([]);
    const wider = updateSet(set, {
      segments: new Map([['s', { key: 's', segment: { included: ['v'] } }]]),
    }).set;
    expect(changesBetween(set, wider, ['child'])).toEqual([
      ['child', 0, 'on', 'off'],
      ['child', 1, 'off', 'on'],
    ]);
  });

  test.each<[JsonValue, JsonValue, boolean]>([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, false],
    [{ a: [1, 2] }, { a: [2, 1] }, true],
    [{ a: [1] }, { a: [1, 1] }, true],
    [{ a: 1 }, { a: 1, b: 1 }, true],
    [{ a: 1 }, { b: 1 }, true],
    [{ a: {} }, { a: [] }, true],
    [{ a: null }, { a: 0 }, true],
  ])('a variant of %j that becomes %j: %s', (old, fresh, changed) => {
    const withValue = (value: JsonValue): CompiledSet =>
      setOf([
        { key: 'f', flag: { kind: 'FLAG_KIND_OBJECT', variants: [{ key: 'v', value }] }, config: on('v') },
      ]);
    expect(changesBetween(withValue(old), withValue(fresh)).length > 0).toBe(changed);
  });

  test.each<[JsonValue, JsonValue, boolean]>([
    [1, 1, false],
    [1, '1', true],
    [1, {}, true],
    [{}, 1, true],
    [null, {}, true],
    [{}, null, true],
    [[1, 2], [1, 3], true],
    [[1, 2], [1, 2], false],
    [[], {}, true],
    [{}, [], true],
    [{ length: 0 }, [], true],
    [[], { length: 0 }, true],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, false],
  ])('of any kind, a variant of %j that becomes %j: %s', (old, fresh, changed) => {
    const withValue = (value: JsonValue): CompiledSet => {
      const flag: FlagDefinition = { kind: 'FLAG_KIND_ANY', variants: [{ key: 'v', value }] };
      return setOf([{ key: 'f', flag, config: on('v') }]);
    };
    expect(changesBetween(withValue(old), withValue(fresh)).length > 0).toBe(changed);
  });

  test('counts another variant with the same value', () => {
    const variants = ['v', 'w'].map((key) => ({ key, value: true }));
    const serving = (variant: string): CompiledSet =>
      setOf([{ key: 'f', flag: { kind: 'FLAG_KIND_BOOLEAN', variants }, config: on(variant) }]);
    expect(changesBetween(serving('v'), serving('w'), ['f'])).toHaveLength(2);
  });

  test('names flags in order, whichever set they are of', () => {
    const of = (...keys: string[]): CompiledSet => setOf(keys.map((key) => switchUnit(key)));
    const keys = changesBetween(of('b', 'd'), of('a', 'c')).map(([flagKey]) => flagKey);
    expect(keys).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']);
  });

  test('counts enabled and errors, but not another reason for the same answer', () => {
    const one = (config: FlagConfigDefinition): CompiledSet => setOf([{ key: 'f', flag: COLOUR, config }]);
    const plain = one(on('red'));
    const byRule = one({ ...on('red'), rules: [{ id: 'r', serve: { variant: 'red' } }] });
    const reportedOff = one({
      enabled: true,
      fallthrough: { variant: 'red', enabledOverride: 'ENABLED_OVERRIDE_OFF' },
    });
    const failing = one({ enabled: true, fallthrough: { ending: 'ENDING_ERROR' } });
    const silent = one({ enabled: true, fallthrough: { ending: 'ENDING_CODE_DEFAULT' } });
    expect(changesBetween(plain, byRule)).toEqual([]);
    expect(changesBetween(plain, reportedOff)).toHaveLength(2);
    expect(changesBetween(silent, failing)).toHaveLength(2);
  });

  test('is nothing between a set and itself, and the mirror image the other way round', () => {
    fc.assert(
      fc.property(tameSets, tameSets, fc.array(contexts, { maxLength: 5 }), (a, b, each) => {
        const one = setOf(a.flags, a.segments);
        const two = setOf(b.flags, b.segments);
        const options = { nowMs: 0, flagKeys: FLAG_KEYS };
        expect([...answerChanges(one, one, each, options)]).toEqual([]);
        const forth = [...answerChanges(one, two, each, options)];
        const back = [...answerChanges(two, one, each, options)];
        expect(back).toEqual(
          forth.map((change) => ({ ...change, before: change.after, after: change.before })),
        );
      }),
    );
  });
});
