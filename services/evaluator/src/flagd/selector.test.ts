import type { FlagstreamError } from '@flagstream/protocol';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type Selector, selectorOf, selectorWord, selects } from './selector.ts';

const of = (header: string, inRequest = ''): Selector => {
  const metadata = new Metadata();
  if (header !== '') metadata.set('flagd-selector', header);
  return selectorOf(metadata, inRequest);
};

describe('a selector', () => {
  it.each<[string, Selector]>([
    ['', { kind: 'everything' }],
    ['flagSetId=shop/production', { kind: 'environment', project: 'shop', environment: 'production' }],
    ['flagSetId=payments', { kind: 'flagSet', flagSetId: 'payments' }],
    ['flagSetId=', { kind: 'flagSet', flagSetId: '' }],
    ['flagSetId=a=b', { kind: 'flagSet', flagSetId: 'a=b' }],
    ['flagSetId=a/b/c', { kind: 'flagSet', flagSetId: 'a/b/c' }],
    ['flagSetId=Shop/production', { kind: 'flagSet', flagSetId: 'Shop/production' }],
    ['source=flags.json', { kind: 'source', source: 'flags.json' }],
    ['rawflags/flags.json', { kind: 'source', source: 'rawflags/flags.json' }],
  ])('%s is read', (text, selector) => {
    expect(of(text)).toEqual(selector);
  });

  it('stands in the header before it stands in the request', () => {
    expect(of('flagSetId=a', 'flagSetId=b')).toEqual({ kind: 'flagSet', flagSetId: 'a' });
    expect(of('', 'flagSetId=b')).toEqual({ kind: 'flagSet', flagSetId: 'b' });
  });

  it.each(['project=shop', `flagSetId=${'a'.repeat(4_200)}`])('%s is refused by name', (text) => {
    expect(() => of(text)).toThrow(expect.objectContaining({ reason: 'INVALID_FIELD' }) as FlagstreamError);
    expect(() => of(text)).toThrow(/^flagd-selector: /);
    expect(() => of('', text)).toThrow(/^selector: /);
  });

  it('leaves the flags whose own metadata names its set', () => {
    const sets: Record<string, string | undefined> = { mine: 'payments', other: 'search', none: undefined };
    const origin = (key: string) => ({
      metadata: sets[key] === undefined ? undefined : { flagSetId: sets[key] },
      source: undefined,
    });
    const left = (text: string): readonly string[] =>
      Object.keys(sets).filter((key) => selects(of(text), origin(key)));
    expect(left('')).toEqual(['mine', 'other', 'none']);
    expect(left('flagSetId=shop/production')).toEqual(['mine', 'other', 'none']);
    expect(left('flagSetId=payments')).toEqual(['mine']);
    expect(left('flagSetId=')).toEqual(['none']);
    expect(left('source=flags.json')).toEqual([]);
    // As in flagd, what is no text is no set.
    expect(selects(of('flagSetId='), { metadata: { flagSetId: 5 }, source: undefined })).toBe(true);
  });

  it('leaves the flags that are served from its source', () => {
    const origin = (key: string) => ({
      metadata: undefined,
      source: key === 'imported' ? undefined : `${key}=1.json`,
    });
    const left = (text: string): readonly string[] =>
      ['a', 'b', 'imported'].filter((key) => selects(of(text), origin(key)));
    expect(left('source=a=1.json')).toEqual(['a']);
    expect(left('source=b=1.json')).toEqual(['b']);
    expect(left('a.json')).toEqual([]);
    expect(left('source=')).toEqual(['imported']);
    expect(selectorWord(of('source=a'))).not.toBe(selectorWord(of('source=b')));
  });
});
