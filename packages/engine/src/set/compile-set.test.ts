import { describe, expect, test } from 'vitest';
import type { FlagUnit } from '../compile/flag.ts';
import type { SegmentUnit } from '../compile/segment.ts';
import { ruleConfig, SWITCH, setOf, switchUnit } from '../definitions.fixture.ts';
import type { ConditionDefinition, FlagDefinition, JsonObject } from '../model.ts';
import { compileSet, updateSet } from './compile-set.ts';
import type { CompiledSet } from './compiled-set.ts';

const needs = (flag: string, variant = 'on'): ConditionDefinition => ({
  prerequisite: { flag, variants: [variant] },
});
const flag = (key: string, condition: ConditionDefinition = { all: {} }): FlagUnit =>
  switchUnit(key, ruleConfig(condition));
const segment = (key: string, condition: ConditionDefinition = { all: {} }): SegmentUnit => ({
  key,
  segment: { condition },
});
const both = (...conditions: ConditionDefinition[]): ConditionDefinition => ({ all: { conditions } });

function codes(flags: Iterable<FlagUnit>, segments: Iterable<SegmentUnit> = []): string[] {
  return compileSet(flags, segments).problems.map(({ key, code }) => `${key} ${code}`);
}

describe('references', () => {
  test('to what is not there', () => {
    const { set, problems } = compileSet([flag('a', both(needs('x'), { segment: 's' })), flag('b')], []);
    expect(problems).toEqual([
      {
        code: 'UNKNOWN_FLAG',
        entity: 'flagConfig',
        key: 'a',
        path: 'rules[0].condition.all.conditions[0].prerequisite.flag',
        message: 'There is no flag "x".',
      },
      {
        code: 'UNKNOWN_SEGMENT',
        entity: 'flagConfig',
        key: 'a',
        path: 'rules[0].condition.all.conditions[1].segment',
        message: 'There is no segment "s".',
      },
    ]);
    expect(set.flagKeys()).toEqual(['b']);
  });

  test('to what does not compile, up the chain', () => {
    const broken: FlagUnit = { key: 'broken', flag: {} };
    expect(
      codes([flag('a', needs('b')), flag('b', { segment: 's' }), broken], [segment('s', needs('broken'))]),
    ).toEqual(['a UNKNOWN_FLAG', 'b UNKNOWN_SEGMENT', 'broken MISSING_FIELD', 's UNKNOWN_FLAG']);
  });

  test('to a variant that the flag does not have', () => {
    const { problems } = compileSet([flag('a', needs('b', 'red')), flag('b')], []);
    expect(problems).toMatchObject([
      { code: 'UNKNOWN_VARIANT', key: 'a', path: 'rules[0].condition.prerequisite.variants[0]' },
    ]);
  });

  test('to an archived flag, which is not there', () => {
    const archived = { key: 'b', flag: { ...SWITCH, archiveTime: '2026-01-01T00:00:00Z' } };
    expect(codes([flag('a', needs('b')), archived])).toEqual(['a UNKNOWN_FLAG']);
    expect(compileSet([archived], []).set.evaluate('b', {}, 0).errorCode).toBe('FLAG_NOT_FOUND');
  });

  test('in a cycle, naming the members only', () => {
    expect(codes([flag('a', needs('a'))])).toEqual(['a PREREQUISITE_CYCLE']);
    expect(
      codes([
        flag('a', needs('b')),
        flag('b', needs('c')),
        flag('c', needs('a')),
        flag('d', needs('a')),
        flag('e'),
      ]),
    ).toEqual(['a PREREQUISITE_CYCLE', 'b PREREQUISITE_CYCLE', 'c PREREQUISITE_CYCLE', 'd UNKNOWN_FLAG']);
    expect(
      codes(
        [],
        [segment('s', { segment: 't' }), segment('t', { segment: 's' }), segment('u', { segment: 'u' })],
      ),
    ).toEqual(['s SEGMENT_CYCLE', 't SEGMENT_CYCLE', 'u SEGMENT_CYCLE']);
    expect(codes([flag('a', { segment: 's' })], [segment('s', needs('a'))])).toEqual([
      'a PREREQUISITE_CYCLE',
      's PREREQUISITE_CYCLE',
    ]);
  });

  test('through a disabled flag still count', () => {
    const off = { ...flag('a', needs('b')), config: { ...flag('a', needs('b')).config!, enabled: false } };
    expect(codes([off, flag('b', needs('a'))])).toEqual(['a PREREQUISITE_CYCLE', 'b PREREQUISITE_CYCLE']);
  });

  test('at most 20 deep', () => {
    const chain = (length: number): FlagUnit[] =>
      Array.from({ length }, (_, index) =>
        flag(`f${index}`, index === 0 ? { all: {} } : needs(`f${index - 1}`)),
      );
    expect(codes(chain(21))).toEqual([]);
    expect(codes(chain(22))).toEqual(['f21 LIMIT_EXCEEDED']);
  });

  test('that need not be there cost nothing where they do not compile', () => {
    const tooDeep = Array.from({ length: 22 }, (_, index) =>
      flag(`f${index}`, index === 0 ? { all: {} } : needs(`f${index - 1}`)),
    );
    const optional: ConditionDefinition = {
      prerequisite: { flag: 'f21', variants: ['on'], missingFlag: 'MISSING_FLAG_POLICY_FAIL' },
    };
    expect(codes([...tooDeep, flag('child', optional)])).toEqual(['f21 LIMIT_EXCEEDED']);
  });

  test('from a flag that is too much work by itself are no second problem', () => {
    const costly = { compare: { attribute: 'x', operator: 'matches', values: ['[ab]{200}'] } };
    const conditions = [needs('b'), ...new Array<ConditionDefinition>(100).fill(costly)];
    expect(codes([flag('a', both(...conditions)), flag('b')])).toEqual(['a LIMIT_EXCEEDED']);
  });

  test('whose work multiplies beyond the budget', () => {
    const fan = (key: string, target: string): SegmentUnit =>
      segment(key, both(...new Array<ConditionDefinition>(100).fill({ segment: target })));
    const segments = [segment('s0'), fan('s1', 's0'), fan('s2', 's1'), fan('s3', 's2')];
    expect(codes([], segments)).toEqual(['s3 LIMIT_EXCEEDED']);
  });
});

describe('updateSet', () => {
  const change = (
    entries: Readonly<Record<string, FlagUnit | null>>,
  ): { flags: ReadonlyMap<string, FlagUnit | null> } => ({
    flags: new Map(Object.entries(entries)),
  });

  test('leaves the previous set as it is', () => {
    const before = setOf([flag('a'), flag('b')]);
    const after = updateSet(before, change({ a: null, b: switchUnit('b'), c: flag('c') })).set;
    expect([before.flagKeys(), after.flagKeys()]).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    expect([before.evaluate('b', {}, 0).variant, after.evaluate('b', {}, 0).variant]).toEqual(['on', 'off']);
    expect([before.size, after.size]).toEqual([2, 2]);
  });

  test('takes out what a change breaks and brings it back when the change is undone', () => {
    const first = compileSet(
      [flag('child', both(needs('parent'), { segment: 's' })), flag('parent')],
      [segment('s')],
    ).set;
    const colours: FlagDefinition = { kind: 'FLAG_KIND_STRING', variants: [{ key: 'red', value: '' }] };
    const recoloured = updateSet(first, change({ parent: { key: 'parent', flag: colours } }));
    expect(recoloured.problems.map(({ key, code }) => `${key} ${code}`)).toEqual(['child UNKNOWN_VARIANT']);
    const removed = updateSet(recoloured.set, { segments: new Map([['s', null]]) });
    expect(removed.problems.map(({ key, code }) => `${key} ${code}`)).toEqual([
      'child UNKNOWN_VARIANT',
      'child UNKNOWN_SEGMENT',
    ]);
    expect(removed.set.flagKeys()).toEqual(['parent']);
    const healed = updateSet(removed.set, {
      ...change({ parent: flag('parent') }),
      segments: new Map([['s', segment('s')]]),
    });
    expect(healed.problems).toEqual([]);
    expect(healed.set.flagKeys()).toEqual(['child', 'parent']);
    expect(healed.set.evaluate('child', {}, 0).variant).toBe('on');
  });

  test('shows an unchanged flag the new state of what it refers to', () => {
    const first = compileSet(
      [flag('child', both(needs('parent'), { segment: 's' })), flag('parent')],
      [segment('s')],
    ).set;
    const parentOff = updateSet(first, change({ parent: switchUnit('parent') })).set;
    const segmentEmpty = updateSet(first, { segments: new Map([['s', segment('s', { any: {} })]]) }).set;
    expect([first, parentOff, segmentEmpty].map((set) => set.evaluate('child', {}, 0).variant)).toEqual([
      'on',
      'off',
      'off',
    ]);
  });

  test('finds a cycle that closes far from the change', () => {
    const first = setOf([flag('a', needs('b')), flag('b', needs('c')), flag('c')]);
    const { problems, set } = updateSet(first, change({ c: flag('c', needs('a')) }));
    expect(problems.map(({ key, code }) => `${key} ${code}`)).toEqual(
      ['a', 'b', 'c'].map((key) => `${key} PREREQUISITE_CYCLE`),
    );
    expect(set.size).toBe(0);
  });

  test('reports what the change touches, not what was broken before', () => {
    const first = compileSet([flag('broken', needs('nowhere')), flag('fine')], []).set;
    expect(updateSet(first, change({ fine: flag('fine') })).problems).toEqual([]);
    expect(
      updateSet(first, change({ nowhere: { key: 'nowhere', flag: {} } })).problems.map(({ key }) => key),
    ).toEqual(['broken', 'nowhere']);
  });

  test('refuses a set that this engine did not make', () => {
    const foreign = { ...setOf([]) } as CompiledSet;
    expect(() => updateSet(foreign, {})).toThrow('The previous set was not made by compileSet.');
  });

  describe('after the set was asked for its keys and its next transition', () => {
    const at = (second: number): string => new Date(second * 1_000).toISOString();
    const opens = (second: number): FlagUnit => {
      const rules = [{ id: 'r', window: { start: at(second) }, serve: { variant: 'on' } }];
      return switchUnit('timed', { enabled: true, rules });
    };
    const timedSegment = (second: number): SegmentUnit => {
      const steps = [{ time: at(second), to: 100_000 }];
      return segment('s', { gate: { ramp: { steps } } });
    };
    const asked = (flags: FlagUnit[], segments: SegmentUnit[] = []): CompiledSet => {
      const set = setOf(flags, segments);
      set.flagKeys();
      set.nextTransition(0);
      return set;
    };

    test('keeps the keys while none comes or goes', () => {
      const set = asked([flag('a'), flag('b')]);
      expect(updateSet(set, change({ a: switchUnit('a') })).set.flagKeys()).toBe(set.flagKeys());
      expect(updateSet(set, change({ c: flag('c') })).set.flagKeys()).toEqual(['a', 'b', 'c']);
      expect(updateSet(set, change({ a: null })).set.flagKeys()).toEqual(['b']);
      expect(updateSet(set, change({ a: { key: 'a', flag: {} } })).set.flagKeys()).toEqual(['b']);
      const withSegment = updateSet(set, { segments: new Map([['s', segment('s')]]) }).set;
      expect(withSegment.flagKeys()).toBe(set.flagKeys());
    });

    test('knows the transitions of what changed', () => {
      const set = asked([flag('a'), opens(10)], [timedSegment(20)]);
      const next = (entries: Readonly<Record<string, FlagUnit | null>>): number | undefined =>
        updateSet(set, change(entries)).set.nextTransition(0);
      expect(set.nextTransition(0)).toBe(10_000);
      expect(next({ a: switchUnit('a') })).toBe(10_000);
      expect(next({ timed: opens(5) })).toBe(5_000);
      expect(next({ timed: opens(15) })).toBe(15_000);
      expect(next({ timed: switchUnit('timed') })).toBe(20_000);
      expect(next({ timed: null })).toBe(20_000);
      const earlier = updateSet(set, { segments: new Map([['s', timedSegment(1)]]) }).set;
      expect(earlier.nextTransition(0)).toBe(1_000);
      const fromNothing = asked([flag('a')]);
      expect(updateSet(fromNothing, change({ timed: opens(7) })).set.nextTransition(0)).toBe(7_000);
    });
  });

  test('follows references that a change takes away or adds', () => {
    const first = setOf([flag('a', needs('b')), flag('b'), flag('c')]);
    const moved = updateSet(first, change({ a: flag('a', needs('c')) })).set;
    expect([...moved.affectedBy(['b'], [])]).toEqual(['b']);
    expect([...moved.affectedBy(['c'], [])].sort()).toEqual(['a', 'c']);
    expect([...first.affectedBy(['b'], [])].sort()).toEqual(['a', 'b']);
    const both2 = updateSet(moved, change({ a: flag('a', both(needs('b'), needs('c'))) })).set;
    expect([...both2.affectedBy(['b'], [])].sort()).toEqual(['a', 'b']);
    expect([...both2.affectedBy(['c'], [])].sort()).toEqual(['a', 'c']);
  });
});

describe('definitions that are alike', () => {
  const like: ConditionDefinition = { compare: { attribute: 'x', operator: 'like', values: ['a'] } };
  const atLeast = (...versions: string[]): ConditionDefinition => ({
    compare: { attribute: 'x', operator: 'semverGte', values: versions },
  });

  test.each<[ConditionDefinition, string]>([
    [like, 'UNKNOWN_OPERATOR'],
    [{ compare: { attribute: 'x', operator: 'equals', values: [] } }, 'BAD_OPERAND'],
    [{ compare: { attribute: 'x', operator: 'equals', values: [null] } }, 'BAD_OPERAND'],
    [{ compare: { attribute: '__proto__', operator: 'exists' } }, 'BAD_ATTRIBUTE'],
    [{ gate: { gate: { hash: 'md5' }, ranges: [{ to: 1 }] } }, 'NOT_BUILT'],
    [{ gate: { gate: { prefix: 'p'.repeat(257) }, ranges: [{ to: 1 }] } }, 'LIMIT_EXCEEDED'],
  ])('%j: each place has its problem', (condition, code) => {
    expect(codes([flag('a', both(condition, condition)), flag('b', condition)])).toEqual([
      `a ${code}`,
      `a ${code}`,
      `b ${code}`,
    ]);
  });

  test('have a problem in each flag, also where a gate could be made', () => {
    const condition = { gate: { gate: { attributes: ['__proto__'] }, ranges: [{ to: 1 }] } };
    expect(codes([flag('a', condition), flag('b', condition)])).toEqual([
      'a BAD_ATTRIBUTE',
      'b BAD_ATTRIBUTE',
    ]);
  });

  test('in all but one part are not mixed up', () => {
    const conditions: Readonly<Record<string, ConditionDefinition>> = {
      a: atLeast('1.0.0'),
      b: atLeast('2.0.0'),
      c: { not: atLeast('1.0.0') },
      d: atLeast('1.0.0', '3.0.0'),
      e: { compare: { attribute: 'x', operator: 'semverLt', values: ['1.0.0'] } },
      f: { compare: { attribute: 'y', operator: 'semverGte', values: ['1.0.0'] } },
      g: { compare: { attribute: 'x', operator: 'semverGte', values: ['1.0.0'], negate: true } },
      h: { compare: { attribute: 'x', operator: 'semverGte', values: ['1.0.0'], contextKind: 'org' } },
    };
    const set = setOf(Object.entries(conditions).map(([key, condition]) => flag(key, condition)));
    const on = (context: JsonObject): string =>
      set
        .flagKeys()
        .filter((key) => set.evaluate(key, context, 0).variant === 'on')
        .join('');
    expect(on({ x: '1.5.0' })).toBe('ad');
    expect(on({ x: '2.5.0' })).toBe('abd');
    expect(on({ x: '0.1.0', y: '1.0.0' })).toBe('cefg');
    expect(on({ kind: 'org', x: '1.5.0' })).toBe('adh');
  });

  test('cost as much as others', () => {
    const costly = { compare: { attribute: 'x', operator: 'matches', values: ['[ab]{200}'] } };
    const times = (count: number): ConditionDefinition =>
      both(...new Array<ConditionDefinition>(count).fill(costly));
    expect(codes([flag('a', times(10)), flag('b', times(100))])).toEqual(['b LIMIT_EXCEEDED']);
  });
});

describe('a definition without the shape of the model', () => {
  test('takes only itself out, under its own name', () => {
    const rules = 7 as unknown as [];
    const malformed = switchUnit('f', { rules });
    const { set, problems } = compileSet(
      [malformed, flag('fine')],
      [{ key: 's', segment: { included: 7 as unknown as [] } }],
    );
    expect(problems.map(({ code, entity, key, path }) => [code, entity, key, path])).toEqual([
      ['MALFORMED', 'flagConfig', 'f', ''],
      ['MALFORMED', 'segment', 's', ''],
    ]);
    expect(set.flagKeys()).toEqual(['fine']);
  });
});

describe('affectedBy', () => {
  const set = compileSet(
    [flag('a', needs('b')), flag('b', { segment: 's' }), flag('c'), flag('d', { segment: 'absent' })],
    [segment('s', { segment: 't' }), segment('t')],
  ).set;
  test.each<[string[], string[], string[]]>([
    [['c'], [], ['c']],
    [['b'], [], ['a', 'b']],
    [[], ['t'], ['a', 'b']],
    [['new'], [], ['new']],
    [[], ['absent'], ['d']],
    [['c'], ['s'], ['a', 'b', 'c']],
    [[], [], []],
  ])('flags %j and segments %j: %j', (flags, segments, affected) => {
    expect([...set.affectedBy(flags, segments)].sort()).toEqual(affected);
  });
});

describe('neededBy', () => {
  const set = compileSet(
    [
      flag('a', both(needs('b'), { segment: 's' })),
      flag('b', { segment: 't' }),
      flag('c'),
      flag('d', both({ segment: 'absent' }, needs('gone'))),
    ],
    [segment('s', { segment: 't' }), segment('t')],
  ).set;
  test.each<[string[], string[], string[], string[]]>([
    [['a'], [], ['a', 'b'], ['s', 't']],
    [['b'], [], ['b'], ['t']],
    [['c'], ['s'], ['c'], ['s', 't']],
    [['d'], [], ['d', 'gone'], ['absent']],
    [['new'], [], ['new'], []],
    [[], [], [], []],
  ])('flags %j and segments %j: flags %j and segments %j', (flags, segments, neededFlags, neededSegments) => {
    const needed = set.neededBy(flags, segments);
    expect([...needed.flags].sort()).toEqual(neededFlags);
    expect([...needed.segments].sort()).toEqual(neededSegments);
  });

  test('ends where entities need each other', () => {
    const circle = compileSet([flag('a', needs('b')), flag('b', needs('a'))], []).set;
    expect([...circle.neededBy(['a'], []).flags]).toEqual(['a', 'b']);
  });
});
