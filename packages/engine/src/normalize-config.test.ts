import { describe, expect, test } from 'vitest';
import { weighted } from './definitions.fixture.ts';
import type { ConditionDefinition, FlagConfigDefinition } from './model.ts';
import { normalizeConfig, normalizeSegmentCondition } from './normalize-config.ts';

const NATIVE = { hash: 'murmur3-x86-32', encoding: 'utf8', normalizer: 'multiply-shift', buckets: 100_000 };

test('normalizeSegmentCondition writes the gates whole, seeded by the segment', () => {
  const gate = { ranges: [{ from: 0, to: 1 }] };
  expect(
    normalizeSegmentCondition('beta', { all: { conditions: [{ not: { gate } }, { segment: 's' }] } }),
  ).toEqual({
    all: {
      conditions: [
        { not: { gate: { ...gate, gate: { prefix: 'beta.condition.', ...NATIVE } } } },
        { segment: 's' },
      ],
    },
  });
});

describe('normalizeConfig', () => {
  test('writes ranges and the whole gate into rules and fallthrough', () => {
    const split = weighted({ on: 20_000, off: 80_000 });
    const { config, problems } = normalizeConfig('checkout', {
      enabled: true,
      rules: [{ id: 'r', serve: { split } }],
      fallthrough: { split: { ...split, gate: { attributes: ['org'] } } },
    });
    expect(problems).toEqual([]);
    const entries = [
      { variant: 'on', weight: 20_000, ranges: [{ from: 0, to: 20_000 }] },
      { variant: 'off', weight: 80_000, ranges: [{ from: 20_000, to: 100_000 }] },
    ];
    expect(config).toEqual({
      enabled: true,
      rules: [{ id: 'r', serve: { split: { entries, gate: { prefix: 'checkout.', ...NATIVE } } } }],
      fallthrough: { split: { entries, gate: { attributes: ['org'], prefix: 'checkout.', ...NATIVE } } },
    });
  });

  test('seeds gates by their role, unless they have a seed or name their hash', () => {
    const ranges = [{ from: 0, to: 1 }];
    const condition: ConditionDefinition = {
      all: {
        conditions: [
          { not: { gate: { ranges } } },
          { any: { conditions: [{ gate: { ranges, gate: { prefix: 'own' } } }] } },
        ],
      },
    };
    const { config } = normalizeConfig('f', {
      rules: [
        {
          id: 'r',
          condition,
          serve: {
            split: {
              gate: { hash: 'murmur3-x86-32' },
              entries: [{ variant: 'on', ranges, also: [{ ranges }] }],
              traffic: [{ ranges, gate: { seed: 7 } }, { ranges }],
            },
          },
        },
      ],
    });
    expect(config.rules?.[0]?.condition).toEqual({
      all: {
        conditions: [
          { not: { gate: { ranges, gate: { prefix: 'f.condition.', ...NATIVE } } } },
          { any: { conditions: [{ gate: { ranges, gate: { prefix: 'own', ...NATIVE } } }] } },
        ],
      },
    });
    expect(config.rules?.[0]?.serve?.split).toEqual({
      gate: NATIVE,
      entries: [
        { variant: 'on', weight: 1, ranges, also: [{ ranges, gate: { prefix: 'f.also.', ...NATIVE } }] },
      ],
      traffic: [
        { ranges, gate: { seed: 7, ...NATIVE } },
        { ranges, gate: { prefix: 'f.traffic.', ...NATIVE } },
      ],
    });
  });

  test('names the field of bad weights', () => {
    const bad = { split: weighted({ on: 50_000, off: 40_000 }) };
    const { problems } = normalizeConfig('f', { rules: [{ id: 'r', serve: bad }], fallthrough: bad });
    expect(problems).toEqual([
      {
        code: 'BAD_WEIGHTS',
        entity: 'flagConfig',
        key: 'f',
        path: 'rules[0].serve.split.entries',
        message: 'The weights add up to 90000; they must add up to 100000 (100 %).',
      },
      expect.objectContaining({ path: 'fallthrough.split.entries' }),
    ]);
  });

  const nestings: [string, (inner: ConditionDefinition) => ConditionDefinition][] = [
    ['not', (inner) => ({ not: inner })],
    ['all', (inner) => ({ all: { conditions: [inner] } })],
    ['any', (inner) => ({ any: { conditions: [inner] } })],
  ];
  test.each(nestings)('follows conditions of %s as deep as compile allows, and no deeper', (_name, wrap) => {
    const stored = (depth: number): FlagConfigDefinition => {
      let condition: ConditionDefinition = { gate: {} };
      for (let i = 1; i < depth; i += 1) condition = wrap(condition);
      return normalizeConfig('f', { rules: [{ id: 'r', condition }] }).config;
    };
    expect(JSON.stringify(stored(20))).toContain('f.condition.');
    expect(JSON.stringify(stored(21))).not.toContain('f.condition.');
    expect(stored(50_000).rules).toHaveLength(1);
  });

  test('takes what says nothing as it is', () => {
    const rules = [
      { id: 'r', serve: { variant: 'on' } },
      { id: 'empty', condition: { all: {} } },
    ];
    const config: FlagConfigDefinition = { rules, holdouts: [{ id: 'h' }] };
    expect(normalizeConfig('f', config)).toEqual({ config, problems: [] });
    expect(normalizeConfig('f', { fallthrough: { split: {} } }).config.fallthrough?.split).toEqual({
      gate: { prefix: 'f.', ...NATIVE },
    });
  });
});
