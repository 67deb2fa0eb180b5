import { describe, expect, it } from 'vitest';
import { KeyUse } from './key-use.ts';

const MINUTE_MS = 60_000;

describe('uses of keys', () => {
  it('are told once, in the order in which they were noted, to the minute', () => {
    const use = new KeyUse();
    use.note('a', 3 * MINUTE_MS + 1);
    use.note('b', 3 * MINUTE_MS + 2);
    use.note('a', 3 * MINUTE_MS + 59_999);
    expect(use.take(10, false)).toEqual([
      ['a', 3 * MINUTE_MS],
      ['b', 3 * MINUTE_MS],
    ]);
    expect(use.take(10, false)).toEqual([]);
    use.note('a', 4 * MINUTE_MS);
    expect(use.take(10, false)).toEqual([['a', 4 * MINUTE_MS]]);
  });

  it('are told again in turn, after what is news, so that nobody waits for ever', () => {
    const use = new KeyUse();
    for (const keyId of ['a', 'b', 'c', 'd', 'e']) use.note(keyId, MINUTE_MS);
    use.take(5, false);
    use.note('e', 2 * MINUTE_MS);
    const idsOf = (): string[] => use.take(3, true).map(([keyId]) => keyId);
    expect([idsOf(), idsOf(), idsOf()]).toEqual([
      ['e', 'a', 'b'],
      ['c', 'd', 'e'],
      ['a', 'b', 'c'],
    ]);
  });

  it('are what the newest that anybody told says', () => {
    const use = new KeyUse();
    use.note('a', 5 * MINUTE_MS);
    use.merge([
      ['a', 4 * MINUTE_MS],
      ['b', 7],
    ]);
    use.merge([['b', 6]]);
    expect([use.lastMs('a'), use.lastMs('b'), use.lastMs('c')]).toEqual([5 * MINUTE_MS, 7, undefined]);
  });
});
