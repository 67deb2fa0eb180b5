import { describe, expect, test } from 'vitest';
import { holds, ruleConfig, setOf, switchUnit } from '../definitions.fixture.ts';
import { multiplyShift } from '../hash/multiply-shift.ts';
import { murmur3x86 } from '../hash/murmur3-x86-32.ts';
import type {
  ConditionDefinition,
  GateDefinition,
  GateMatchDefinition,
  JsonObject,
  RangeDefinition,
} from '../model.ts';
import { compileSet } from '../set/compile-set.ts';
import { gatePrefixes } from './gate.ts';

// murmur3("abc") = 0xb3dd93fa: 70 of 100; murmur3("") = 0.
const ABC: JsonObject = { targetingKey: 'abc' };
const HUNDRED: GateDefinition = { hash: 'murmur3-x86-32', buckets: 100 };

function inside(gate: GateDefinition, range: RangeDefinition, context: JsonObject = ABC): boolean {
  return holds({ gate: { gate, ranges: [range] } }, context);
}

describe('a gate', () => {
  test.each<[GateDefinition, RangeDefinition, boolean]>([
    [{}, { from: 70, to: 71 }, true],
    [{}, { from: 0, to: 70 }, false],
    [{}, { from: 71, to: 100 }, false],
    [{ upperClosed: true }, { from: 0, to: 70 }, true],
    [{ upperClosed: true }, { from: 0, to: 69.99 }, false],
    [{ offset: 1 }, { from: 71, to: 72 }, true],
    [{ offset: 1 }, { from: 0, to: 71 }, false],
    [{ offset: 1, upperClosed: true }, { from: 0, to: 71 }, true],
    [{ offset: 30, fullIsClosed: true }, { from: 100, to: 130 }, true],
    [{ buckets: 100_000 }, { from: 70_259, to: 70_261 }, true],
    [{ seed: 1 }, { from: 70, to: 71 }, false],
  ])('%j in %j: %s', (gate, range, expected) => {
    expect(inside({ ...HUNDRED, ...gate }, range)).toBe(expected);
  });

  test('knows the empty share under closed bounds', () => {
    const missing = { ...HUNDRED, missing: 'GATE_MISSING_POLICY_ZERO', upperClosed: true } as const;
    expect(inside(missing, { from: 0, to: 0 }, {})).toBe(true);
    expect(inside({ ...missing, zeroIsNobody: true }, { from: 0, to: 0 }, {})).toBe(false);
    expect(inside({ ...missing, zeroIsNobody: true }, { from: 0, to: 1 }, {})).toBe(true);
  });

  test('hashes prefix, value and suffix as one text', () => {
    const seventy = { from: 70, to: 71 };
    expect(inside({ ...HUNDRED, prefix: 'a' }, seventy, { targetingKey: 'bc' })).toBe(true);
    expect(inside({ ...HUNDRED, suffix: 'c' }, seventy, { targetingKey: 'ab' })).toBe(true);
    expect(inside({ ...HUNDRED, prefix: 'a', suffix: 'c' }, seventy, { targetingKey: 'b' })).toBe(true);
  });

  test('takes the first attribute that has a text', () => {
    const gate = { ...HUNDRED, attributes: ['org', 'user.id'] };
    const seventy = { from: 70, to: 71 };
    expect(inside(gate, seventy, { org: 'abc', user: { id: 'x' } })).toBe(true);
    expect(inside(gate, seventy, { user: { id: 'abc' } })).toBe(true);
    expect(inside(gate, seventy, { org: {}, user: { id: 'abc' } })).toBe(true);
    expect(inside(gate, seventy, { org: 'x', user: { id: 'abc' } })).toBe(false);
    expect(inside(gate, seventy, ABC)).toBe(false);
  });

  test.each<[JsonObject, string]>([
    [{ targetingKey: 42 }, '42'],
    [{ targetingKey: 1.5 }, '1.5'],
    [{ targetingKey: -0 }, '0'],
    [{ targetingKey: 1e21 }, '1e+21'],
    [{ targetingKey: true }, 'true'],
    [{ targetingKey: false }, 'false'],
  ])('hashes %j as the text %s', (context, text) => {
    for (const from of [0, 25, 50, 75]) {
      const range = { from, to: from + 25 };
      expect(inside(HUNDRED, range, context)).toBe(inside(HUNDRED, range, { targetingKey: text }));
    }
  });
});

describe('without a value to hash', () => {
  const everybody = [{ from: 0, to: 100 }];
  const absent: readonly JsonObject[] = [
    {},
    { targetingKey: '' },
    { targetingKey: null },
    { targetingKey: ['a'] },
    { targetingKey: {} },
  ];

  test.each(absent)('%j is in no range by default', (context) => {
    expect(holds({ gate: { gate: HUNDRED, ranges: everybody } }, context)).toBe(false);
    expect(
      holds(
        { gate: { gate: { ...HUNDRED, missing: 'GATE_MISSING_POLICY_NO_MATCH' }, ranges: everybody } },
        context,
      ),
    ).toBe(false);
  });

  test('text beyond the limit is absent', () => {
    expect(inside(HUNDRED, { from: 0, to: 100 }, { targetingKey: 'a'.repeat(8_193) })).toBe(false);
    expect(inside(HUNDRED, { from: 0, to: 100 }, { targetingKey: '€'.repeat(8_192) })).toBe(true);
  });

  test('ZERO is the smallest number', () => {
    const gate = { ...HUNDRED, missing: 'GATE_MISSING_POLICY_ZERO', offset: 1 } as const;
    expect(inside(gate, { from: 1, to: 2 }, {})).toBe(true);
    expect(inside(gate, { from: 2, to: 101 }, {})).toBe(false);
  });

  test('ZERO is the smallest number whatever the prefix', () => {
    const gate = { ...HUNDRED, missing: 'GATE_MISSING_POLICY_ZERO', prefix: 'ab', suffix: 'c' } as const;
    expect(inside(gate, { from: 0, to: 1 }, {})).toBe(true);
    expect(inside(gate, { from: 70, to: 71 }, {})).toBe(false);
  });

  test('TEXT without a text hashes prefix and suffix', () => {
    const gate = { ...HUNDRED, missing: 'GATE_MISSING_POLICY_TEXT', prefix: 'ab', suffix: 'c' } as const;
    expect(inside(gate, { from: 70, to: 71 }, {})).toBe(true);
  });

  test('TEXT is hashed instead, between prefix and suffix', () => {
    const gate = {
      ...HUNDRED,
      missing: 'GATE_MISSING_POLICY_TEXT',
      missingText: 'b',
      prefix: 'a',
      suffix: 'c',
    } as const;
    expect(inside(gate, { from: 70, to: 71 }, {})).toBe(true);
  });

  test('ERROR answers TARGETING_KEY_MISSING, also below a negation', () => {
    const gate = { ...HUNDRED, attributes: ['org'], missing: 'GATE_MISSING_POLICY_ERROR' } as const;
    const set = setOf([switchUnit('f', ruleConfig({ not: { gate: { gate, ranges: everybody } } }))]);
    expect(set.evaluate('f', ABC, 0)).toMatchObject({
      reason: 'ERROR',
      errorCode: 'TARGETING_KEY_MISSING',
      errorMessage: 'The context has no usable org, which a split needs.',
      value: undefined,
      enabled: true,
    });
    expect(set.evaluate('f', { org: 'x' }, 0).reason).toBe('DEFAULT');
  });
});

describe('a gate is refused', () => {
  const ranges = [{ from: 0, to: 50 }];
  test.each<[GateMatchDefinition, string, string]>([
    [{ gate: HUNDRED }, 'MISSING_FIELD', 'ranges'],
    [{ gate: { hash: 'sha-1' }, ranges }, 'NOT_BUILT', 'gate.hash'],
    [{ gate: { normalizer: 'mod' }, ranges }, 'NOT_BUILT', 'gate.normalizer'],
    [{ gate: { encoding: 'utf16' }, ranges }, 'NOT_BUILT', 'gate.encoding'],
    [{ gate: { stringify: 'js' }, ranges }, 'NOT_BUILT', 'gate.stringify'],
    [{ gate: { missing: 'GATE_MISSING_POLICY_RANDOM' }, ranges }, 'NOT_BUILT', 'gate.missing'],
    [{ gate: { seed: 2 ** 32 }, ranges }, 'BAD_GATE', 'gate.seed'],
    [{ gate: { seed: 1.5 }, ranges }, 'BAD_GATE', 'gate.seed'],
    [{ gate: { prefix: 'x'.repeat(257) }, ranges }, 'LIMIT_EXCEEDED', 'gate.prefix'],
    [{ gate: { attributes: ['a', 'constructor'] }, ranges }, 'BAD_ATTRIBUTE', 'gate.attributes[1]'],
    [{ gate: { attributes: new Array<string>(17).fill('a') }, ranges }, 'LIMIT_EXCEEDED', 'gate.attributes'],
    [{ gate: HUNDRED, ranges: [{ from: 0, to: 101 }] }, 'BAD_RANGE', 'ranges[0]'],
    [{ gate: HUNDRED, ranges: [{ from: -1, to: 1 }] }, 'BAD_RANGE', 'ranges[0]'],
    [{ gate: HUNDRED, ranges: [{ to: 1 }, { from: 2, to: 1 }] }, 'BAD_RANGE', 'ranges[1]'],
    [{ gate: HUNDRED, ranges: [{ from: 0, to: Number.NaN }] }, 'BAD_RANGE', 'ranges[0]'],
  ])('%j: %s at %s', (gate, code, field) => {
    const { problems } = compileSet([switchUnit('f', ruleConfig({ gate }))], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `rules[0].condition.gate.${field}`],
    ]);
  });
});

describe('a gate over several attributes', () => {
  const seventy = { from: 70, to: 71 };
  const joined: GateDefinition = {
    ...HUNDRED,
    attributes: ['one', 'two', 'three'],
    combine: 'GATE_COMBINE_JOIN_PRESENT',
  };

  test('joins the texts of those that are present', () => {
    expect(inside(joined, seventy, { one: 'a', two: 'b', three: 'c' })).toBe(true);
    expect(inside(joined, seventy, { one: 'a', three: 'bc' })).toBe(true);
    expect(inside(joined, seventy, { one: 'a', two: {}, three: 'bc' })).toBe(true);
    expect(inside(joined, seventy, { one: 'c', two: 'b', three: 'a' })).toBe(false);
    expect(inside({ ...joined, separator: 'b' }, seventy, { one: 'a', three: 'c' })).toBe(true);
  });

  test('holds nobody without any, or with too much text', () => {
    const all = { from: 0, to: 100 };
    expect(inside(joined, all, { one: 'x'.repeat(4_096), two: 'x'.repeat(4_096) })).toBe(true);
    expect(inside(joined, all, { one: 'x'.repeat(4_096), two: 'x'.repeat(4_097) })).toBe(false);
    expect(inside(joined, all, {})).toBe(false);
    expect(inside(joined, all, { one: 'x'.repeat(5_000), two: 'x'.repeat(5_000) })).toBe(false);
    expect(inside(joined, all, { one: 'x'.repeat(5_000) })).toBe(true);
  });

  test.each<[GateDefinition, string, string]>([
    [{ ...HUNDRED, separator: '-' }, 'BAD_GATE', 'separator'],
    [{ ...HUNDRED, combine: 'GATE_COMBINE_XOR' as 'GATE_COMBINE_JOIN_PRESENT' }, 'NOT_BUILT', 'combine'],
    [{ ...joined, separator: '-'.repeat(257) }, 'LIMIT_EXCEEDED', 'separator'],
    [{ ...HUNDRED, contextKind: 'multi' }, 'BAD_ATTRIBUTE', 'attributes[0]'],
  ])('%j is refused: %s', (gate, code, path) => {
    const condition = { gate: { gate, ranges: [seventy] } };
    const { problems } = compileSet([switchUnit('f', ruleConfig(condition))], []);
    expect(problems.map((problem) => [problem.code, problem.path])).toEqual([
      [code, `rules[0].condition.gate.gate.${path}`],
    ]);
  });

  test('reads them from the kind of context that it names', () => {
    const gate = { ...HUNDRED, contextKind: 'org' };
    expect(inside(gate, seventy, { kind: 'multi', org: { key: 'abc' } })).toBe(true);
    expect(inside(gate, seventy, { kind: 'org', targetingKey: 'abc' })).toBe(true);
    expect(inside(gate, { from: 0, to: 100 }, ABC)).toBe(false);
  });
});

test('prefix, text and suffix may all be as long as they may', () => {
  const [prefix, text, suffix] = ['€'.repeat(256), '✓'.repeat(8_192), 'ü'.repeat(256)];
  const bytes = new TextEncoder().encode(`${prefix}${text}${suffix}`);
  const from = multiplyShift(murmur3x86(bytes, 0), 100);
  const gate = { ...HUNDRED, prefix, suffix };
  expect(inside(gate, { from, to: from + 1 }, { targetingKey: text })).toBe(true);
});

test('gates of one flag are seeded by their role', () => {
  expect(gatePrefixes('f')).toEqual({
    split: 'f.',
    traffic: 'f.traffic.',
    also: 'f.also.',
    condition: 'f.condition.',
    holdout: 'f.holdout.',
  });
});

describe('an exclusion group', () => {
  test('gives gates of different flags the same numbers, so that ranges exclude each other', () => {
    const half = (from: number, to: number): GateMatchDefinition => ({ group: 'g', ranges: [{ from, to }] });
    const set = setOf([
      switchUnit('a', ruleConfig({ gate: half(0, 50_000) })),
      switchUnit('b', ruleConfig({ gate: half(50_000, 100_000) })),
    ]);
    for (let id = 0; id < 200; id += 1) {
      const context = { targetingKey: `user-${id}` };
      const on = ['a', 'b'].filter((key) => set.evaluate(key, context, 0).variant === 'on');
      expect(on).toHaveLength(1);
    }
  });

  test('does not reseed a gate that has its own prefix', () => {
    const match = { gate: { ...HUNDRED, prefix: 'a' }, group: 'g', ranges: [{ from: 70, to: 71 }] };
    expect(holds({ gate: match }, { targetingKey: 'bc' })).toBe(true);
  });
});

describe('gates over long text', () => {
  const many = (count: number): ConditionDefinition => ({
    any: {
      conditions: Array.from({ length: count }, (_, index) => ({
        gate: { gate: { prefix: `${index}.` }, ranges: [{ to: 0 }] },
      })),
    },
  });
  const answer = (targetingKey: string, count: number): string | undefined => {
    const { variant, errorCode } = setOf([switchUnit('f', ruleConfig(many(count)))]).evaluate(
      'f',
      { targetingKey },
      0,
    );
    return variant ?? errorCode;
  };

  test('are counted by what they hash, so that no evaluation takes long', () => {
    expect(answer('user-1', 900)).toBe('off');
    expect(answer('x'.repeat(8_192), 40)).toBe('off');
    expect(answer('x'.repeat(8_192), 60)).toBe('GENERAL');
  });
});
