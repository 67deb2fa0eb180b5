// For every native construct: what flagd's engines make of our payload is what the evaluator answers. In `make test` over
// 200 flags and 20 contexts each, in `make interop` over ten times as many.

import { afterEach, describe, expect, test, vi } from 'vitest';
import { agreementOver, CONTEXTS_PER_FLAG, Compared, WITHHELD_MAX } from './agreement.fixture.ts';

const FLAGS = 200;
const SEED = 8015;

afterEach(() => {
  vi.useRealTimers();
});

/** The clock that flagd-core reads; nothing else of the process is touched. */
function setClock(nowMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: nowMs });
}

describe('what flagd-core answers to our payload', () => {
  test(`is what we answer, over ${FLAGS} flags and ${CONTEXTS_PER_FLAG} contexts of each`, () => {
    const { flags, withheld, comparisons } = agreementOver(FLAGS, SEED, setClock);
    expect(flags).toBe(FLAGS);
    expect(withheld / flags).toBeLessThanOrEqual(WITHHELD_MAX);
    expect(comparisons).toBe((flags - withheld) * CONTEXTS_PER_FLAG);
  });
});

describe('where engines themselves differ', () => {
  const environment = (jsonLogic: string): Compared =>
    new Compared({
      flags: [
        {
          key: 'f',
          flag: {
            kind: 'FLAG_KIND_STRING',
            variants: [
              { key: 'on', value: '1' },
              { key: 'off', value: '0' },
            ],
          },
          config: {
            enabled: true,
            fallthrough: { variant: 'off' },
            rules: [{ id: 'r', serve: { jsonLogic: JSON.parse(jsonLogic) } }],
          },
        },
      ],
      segments: [],
    });
  const ON = { variant: 'on', value: '1' };
  const OFF = { variant: 'off', value: '0' };

  test('an expression of the configuration goes through as it is, with what contract 3.3 says of it', () => {
    const isEqual = environment('{"if":[{"==":[{"var":"none"},0]},"on"]}');
    expect([isEqual.ours('f', {}, 0), isEqual.server('f', {}, 0), isEqual.node('f', {})]).toEqual([
      OFF,
      OFF,
      ON,
    ]);
    const isIn = environment('{"if":[{"in":[1,{"var":"list"}]},"on"]}');
    const context = { list: ['1'] };
    expect([isIn.ours('f', context, 0), isIn.server('f', context, 0), isIn.node('f', context)]).toEqual([
      ON,
      ON,
      OFF,
    ]);
    const joined = environment('{"if":[{"===":[{"cat":["a",true]},"atrue"]},"on"]}');
    expect([joined.ours('f', {}, 0), joined.server('f', {}, 0), joined.node('f', {})]).toEqual([
      undefined,
      undefined,
      ON,
    ]);
  });

  test('a subject that is no text is joined by Node (contract 3.4.5)', () => {
    const split = environment('{"fractional":[["on",1]]}');
    const context = { targetingKey: -1 };
    expect([split.ours('f', context, 0), split.server('f', context, 0), split.node('f', context)]).toEqual([
      OFF,
      OFF,
      ON,
    ]);
  });

  test('text that is not ASCII is hashed otherwise by Node (contract 3.4.4)', () => {
    const split = environment('{"fractional":[{"var":"who"},["on",50],["off",50]]}');
    const differing = Array.from({ length: 100 }, (_, index) => ({ who: `ü-${index}` })).filter(
      (context) => JSON.stringify(split.ours('f', context, 0)) !== JSON.stringify(split.node('f', context)),
    );
    expect(differing.length).toBeGreaterThan(20);
    const alike = Array.from({ length: 100 }, (_, index) => ({ who: `u-${index}` }));
    for (const context of alike) expect(split.node('f', context)).toEqual(split.ours('f', context, 0));
  });
});
