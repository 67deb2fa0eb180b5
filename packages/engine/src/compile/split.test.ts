import { describe, expect, test } from 'vitest';
import { COLOUR, evaluateColour } from '../answers.fixture.ts';
import { setOf } from '../definitions.fixture.ts';
import type { FlagConfigDefinition, GateDefinition, GateMatchDefinition, SplitDefinition } from '../model.ts';
import { normalizeConfig } from '../normalize-config.ts';
import { compileSet } from '../set/compile-set.ts';

// murmur3("abc") is number 70 of 100.
const HUNDRED: GateDefinition = { hash: 'murmur3-x86-32', buckets: 100 };
const ABC = { targetingKey: 'abc' };

function shard(from: number, to: number, gate: GateDefinition = HUNDRED): GateMatchDefinition {
  return { gate, ranges: [{ from, to }] };
}

function served(split: SplitDefinition, context: object = ABC): string | undefined {
  const config: FlagConfigDefinition = { enabled: true, fallthrough: { split } };
  return evaluateColour(config, { ...context }).variant;
}

function problemsOf(split: SplitDefinition): string[][] {
  const config: FlagConfigDefinition = { enabled: true, fallthrough: { split } };
  const { problems } = compileSet([{ key: 'f', flag: COLOUR, config }], []);
  return problems.map(({ code, path }) => [code, path]);
}

describe('entries that their further gates hold alone', () => {
  const alone = (variant: string, ...also: GateMatchDefinition[]): object => ({
    variant,
    also,
    alsoAlone: true,
  });

  test('need no share of the gate', () => {
    const split = {
      entries: [alone('red', shard(0, 70)), alone('green', shard(70, 71), shard(0, 100))],
    } as SplitDefinition;
    expect(served(split)).toBe('green');
    expect(served({ entries: [alone('red', shard(0, 70))] } as SplitDefinition)).toBeUndefined();
  });

  test('do not ask for the gate of the split when no entry does', () => {
    const gate = { ...HUNDRED, missing: 'GATE_MISSING_POLICY_ERROR' } as const;
    const org = { ...HUNDRED, attributes: ['org'] };
    const split = { gate, entries: [alone('red', shard(70, 71, org))] } as SplitDefinition;
    expect(served(split, { org: 'abc' })).toBe('red');
  });

  test('stand in order beside entries with ranges', () => {
    const split = {
      gate: HUNDRED,
      entries: [
        { variant: 'blue', ranges: [{ from: 0, to: 70 }] },
        alone('red', shard(70, 71, { ...HUNDRED, attributes: ['org'] })),
        { variant: 'green', ranges: [{ from: 70, to: 100 }] },
      ],
    } as SplitDefinition;
    expect(served(split, ABC)).toBe('green');
    expect(served(split, { ...ABC, org: 'abc' })).toBe('red');
    expect(served(split, { org: 'abc' })).toBe('red');
    expect(served(split, {})).toBeUndefined();
  });

  test('are stored as they are', () => {
    const split = { entries: [alone('red', shard(0, 70))] } as SplitDefinition;
    const { config, problems } = normalizeConfig('f', { fallthrough: { split } });
    expect(problems).toEqual([]);
    expect(config.fallthrough?.split?.entries).toMatchObject([alone('red', shard(0, 70))]);
  });

  test.each<[object, string, string]>([
    [{ ...alone('red', shard(0, 1)), weight: 1 }, 'BAD_SPLIT', 'alsoAlone'],
    [{ ...alone('red', shard(0, 1)), ranges: [{ to: 1 }] }, 'BAD_SPLIT', 'alsoAlone'],
    [alone('red'), 'MISSING_FIELD', 'also'],
  ])('%j is refused: %s', (entry, code, path) => {
    expect(problemsOf({ entries: [entry] } as SplitDefinition)).toEqual([
      [code, `fallthrough.split.entries[0].${path}`],
    ]);
  });
});

describe('further gates of an entry', () => {
  test('are asked once, however many of its ranges hold the subject', () => {
    const ranges = [{ to: 80 }, { to: 90 }, { to: 100 }];
    const split = { gate: HUNDRED, entries: [{ variant: 'red', ranges, also: [shard(0, 1)] }] };
    const set = setOf([{ key: 'f', flag: COLOUR, config: { enabled: true, fallthrough: { split } } }]);
    const paths: string[] = [];
    set.evaluate('f', ABC, 0, { step: ({ path }) => paths.push(path) });
    expect(paths.filter((path) => path.endsWith('also[0]'))).toHaveLength(1);
  });
});

describe('a split that remembers assignments', () => {
  test('is refused with the reason', () => {
    const split = { sticky: { attribute: 'id' }, entries: [{ variant: 'red', weight: 100_000 }] };
    expect(problemsOf(split)).toEqual([['NOT_BUILT', 'fallthrough.split.sticky']]);
  });
});
