import { compileSet, type FlagDefinition, type FlagUnit } from '@flagstream/engine';
import { describe, expect, it } from 'vitest';
import type { AnswerView } from '../serve/answer-view.ts';
import { selectedPlace, selectedView } from './selected-view.ts';
import { parseSelector } from './selector.ts';

const CONFIG = { enabled: true, fallthrough: { variant: 'v' } };
const flag = (value: string, flagSetId?: string, source?: string): FlagDefinition => ({
  kind: 'FLAG_KIND_STRING',
  variants: [{ key: 'v', value }],
  ...(flagSetId !== undefined && { metadata: { flagSetId } }),
  ...(source !== undefined && { provenance: { source } }),
});
const UNITS: readonly FlagUnit[] = [
  {
    key: 'both',
    flag: {
      ...flag('shop in b', 'shop', 'b.json'),
      namesakes: [
        { flag: flag('search in b', 'search', 'b.json'), config: CONFIG },
        { flag: flag('shop in a', 'shop', 'a.json'), config: CONFIG },
      ],
    },
    config: CONFIG,
  },
  { key: 'alone', flag: flag('alone'), config: CONFIG },
];
const { set } = compileSet(UNITS, []);
const VIEW: AnswerView = { project: 'p', environment: 'e', set, quarantined: new Map() };
const selected = (text: string): AnswerView => selectedView(VIEW, parseSelector(text, 'selector'));

describe('what a selector leaves', () => {
  it.each([
    ['', 'shop in b', ['alone', 'both']],
    ['flagSetId=shop', 'shop in b', ['both']],
    ['flagSetId=search', 'search in b', ['both']],
    ['source=b.json', 'shop in b', ['both']],
    ['a.json', 'shop in a', ['both']],
    ['flagSetId=', undefined, ['alone']],
    ['flagSetId=other', undefined, []],
  ])('%j: of one key the first by precedence that it names, %j', (text, value, keys) => {
    const view = selected(text);
    expect(view.set.flagKeys()).toEqual(keys);
    expect(view.set.evaluate('both', {}, 0)).toMatchObject(
      value === undefined ? { flagKey: 'both', errorCode: 'FLAG_NOT_FOUND' } : { flagKey: 'both', value },
    );
    expect(view.set.has('both')).toBe(value !== undefined);
    expect(view.set.kindOf('both')).toBe(value === undefined ? undefined : 'FLAG_KIND_STRING');
  });

  it('says of a flag what the one that is selected says', () => {
    const { set: fromA } = selected('a.json');
    expect([fromA.metadataOf('both'), fromA.sourceOf('both')]).toEqual([{ flagSetId: 'shop' }, 'a.json']);
    expect([fromA.metadataOf('alone'), fromA.sourceOf('alone'), fromA.namesakesOf('both')]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });

  it('is named in what all answers share', () => {
    expect(selected('a.json').selected).toEqual({ source: 'a.json' });
    expect(selected('flagSetId=shop').selected).toEqual({ flagSetId: 'shop' });
    expect(['flagSetId=', 'source=', ''].map((text) => selected(text).selected)).toEqual([{}, {}, undefined]);
  });

  it('has a place among the flags of its key', () => {
    const place = (text: string, key = 'both'): number => selectedPlace(set, parseSelector(text, 's'), key);
    expect([place(''), place('a.json'), place('flagSetId=search'), place('flagSetId=no')]).toEqual([
      0, 2, 1, -1,
    ]);
    expect(place('', 'unknown')).toBe(-1);
  });
});
