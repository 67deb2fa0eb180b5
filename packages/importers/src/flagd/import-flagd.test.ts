import type { JsonObject, JsonValue } from '@flagstream/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImportOptions, ImportResult, ImportSource } from '../import-report.ts';
import { IMPORTERS } from '../importers.ts';

type Imported = Extract<ImportResult, { outcome: 'imported' }>;

const COLORS = { red: '#f00', blue: '#00f' };

function read(source: ImportSource, options?: ImportOptions): ImportResult {
  const importer = IMPORTERS.get('flagd');
  if (importer === undefined) throw new Error('there is no importer of flagd');
  return importer(source, options);
}

function imported(source: ImportSource, options?: ImportOptions): Imported {
  const result = read(source, options);
  if (result.outcome === 'imported') return result;
  throw new Error(`${result.path}: ${result.reason}`);
}

/** A document with the one flag "f". */
function one(flag: JsonObject, rest: JsonObject = {}): JsonObject {
  return { flags: { f: { state: 'ENABLED', variants: COLORS, defaultVariant: 'red', ...flag } }, ...rest };
}

function targetingOf(document: JsonValue): JsonValue | undefined {
  return imported(document).flags[0]?.config?.rules?.[0]?.serve?.jsonLogic;
}

describe('a flagd flag', () => {
  it('has its state as switch, its targeting as rule and its default variant as fallthrough', () => {
    const targeting = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'blue', null] };
    const { flags, segments, report } = imported(JSON.stringify(one({ targeting })));
    expect(flags).toEqual([
      {
        key: 'f',
        flag: {
          kind: 'FLAG_KIND_STRING',
          variants: [
            { key: 'red', value: '#f00' },
            { key: 'blue', value: '#00f' },
          ],
          provenance: {
            system: 'flagd',
            documentVersion: 'v0',
            dialects: ['flagd'],
            reference: 'flagd 0.16.1',
          },
        },
        config: {
          enabled: true,
          rules: [{ id: 'targeting', serve: { jsonLogic: targeting } }],
          jsonLogicDialect: 'flagd',
          fallthrough: { variant: 'red' },
        },
      },
    ]);
    expect({ segments, report }).toEqual({ segments: [], report: { refused: [], notes: [] } });
  });

  it('has neither rule nor dialect without targeting, and no fallthrough without a default variant', () => {
    for (const targeting of [undefined, {}]) {
      const flag = targeting === undefined ? {} : { targeting };
      const [unit] = imported(one({ ...flag, state: 'DISABLED' })).flags;
      expect(unit?.config).toEqual({ enabled: false, fallthrough: { variant: 'red' } });
      expect(unit?.flag.provenance.dialects).toEqual([]);
    }
    for (const defaultVariant of [null, ''])
      expect(imported(one({ defaultVariant })).flags[0]?.config).toEqual({ enabled: true });
  });

  it('keeps targeting that is a literal, and writes null as what answers null', () => {
    for (const literal of [true, 'red', '', [], 7])
      expect(targetingOf(one({ targeting: literal }))).toEqual(literal);
    expect(targetingOf(one({ targeting: null }))).toEqual({ if: [false, false] });
  });

  it.each([
    [{ a: true, b: false }, 'FLAG_KIND_BOOLEAN', 0],
    [{ a: 1, b: 2.5 }, 'FLAG_KIND_NUMBER', 0],
    [{ a: {}, b: { c: [1, null] } }, 'FLAG_KIND_OBJECT', 0],
    [{ a: 1, b: 'x' }, 'FLAG_KIND_ANY', 1],
    [{ a: null, b: [1] }, 'FLAG_KIND_ANY', 1],
    [{}, 'FLAG_KIND_ANY', 1],
  ])('is of the type that its variants %j have', (variants, kind, notes) => {
    const { flags, report } = imported(one({ variants, defaultVariant: null }));
    expect(flags[0]?.flag.kind).toBe(kind);
    expect(flags[0]?.flag.variants).toEqual(Object.entries(variants).map(([key, value]) => ({ key, value })));
    expect(report.notes).toHaveLength(notes);
  });

  it.each([{ state: 'enabled' }, { state: null }])('is enabled in the state %j, with a note', (state) => {
    const { flags, report } = imported(one(state));
    expect(flags[0]?.config?.enabled).toBe(true);
    expect(report.notes).toEqual([
      { path: 'flags.f.state', message: 'is neither ENABLED nor DISABLED: the flag is enabled, as in flagd' },
    ]);
  });

  it('has the metadata of the set below its own, whatever that says; values that are no scalars are left out', () => {
    const metadata = { owner: 'web', flagSetId: 'own', empty: '', nothing: null, list: [1] };
    const set = { owner: 'all', version: 3, empty: 'full', nothing: true, list: 1, gone: null, object: {} };
    const { flags, report } = imported(one({ metadata }, { metadata: set }));
    expect(flags[0]?.flag.metadata).toEqual({
      owner: 'web',
      version: 3,
      empty: '',
      flagSetId: 'own',
    });
    expect(report.notes.map(({ path }) => path)).toEqual(['metadata.object', 'flags.f.metadata.list']);
  });

  it.each([
    ['v1', 'flagd-fractional-v1'],
    ['v2', 'flagd'],
    ['v3', 'flagd-fractional-v3'],
  ] as const)('buckets by fractional %s in the dialect %s', (fractional, dialect) => {
    const [flag] = imported(one({ targeting: { fractional: [['red']] } }), { fractional }).flags;
    expect(flag?.config?.jsonLogicDialect).toBe(dialect);
    expect(flag?.flag.provenance.dialects).toEqual([dialect]);
  });

  it('may be named as objects have members, also as a variant', () => {
    const text = '{"flags":{"__proto__":{"state":"ENABLED","variants":{"__proto__":1,"constructor":2}}}}';
    const [flag] = imported(text).flags;
    expect(flag?.key).toBe('__proto__');
    expect(flag?.flag.variants).toEqual([
      { key: '__proto__', value: 1 },
      { key: 'constructor', value: 2 },
    ]);
    const unnamed = text.replace('{"state"', '{"defaultVariant":"toString","state"');
    expect(read(unnamed)).toMatchObject({ outcome: 'rejected', path: 'flags.__proto__.defaultVariant' });
  });
});

describe('a flagd document', () => {
  it.each([
    ['{"flags":', '', /^The document is not JSON/],
    ['[]', '', /must be an object, not a list/],
    [{}, 'flags', /has no "flags"/],
    [{ flags: 'a' }, 'flags', /must be an object or a list, not a string/],
    [one({ defaultVariant: 'green' }), 'flags.f.defaultVariant', /"green" is not a variant of the flag "f"/],
    [one({}, { $evaluators: { 'a b': {} } }), '$evaluators."a b"', /is empty/],
    [one({}, { $evaluators: [] }), '$evaluators', /must be an object/],
    [one({}, { metadata: 'x' }), 'metadata', /must be an object/],
  ])('%j is rejected as a whole', (document, path, reason) => {
    expect(read(document)).toEqual({ outcome: 'rejected', path, reason: expect.stringMatching(reason) });
  });

  it('counts a flag set that is no text as none', () => {
    const flag = (value: number, metadata: JsonObject): JsonObject => ({
      key: 'a',
      variants: { v: value },
      metadata,
    });
    const flags = [flag(1, {}), flag(2, { flagSetId: [1] }), flag(3, { flagSetId: null })];
    const read = imported({ flags }).flags;
    expect(read.map(({ flag: { variants } }) => variants?.[0]?.value)).toEqual([3]);
    const set = { flagSetId: 'shop' };
    expect(imported({ flags, metadata: set }).report.refused).toMatchObject([
      { flag: 'a', construct: 'flagSetId' },
    ]);
  });

  it('whose flags are null holds none', () => {
    expect(imported({ flags: null })).toMatchObject({ flags: [], report: { notes: [{ path: 'flags' }] } });
  });

  it('may write its own names and those of a flag in any case; of several spellings the last one counts', () => {
    const flag = { STATE: 'DISABLED', Variants: { a: 1, B: 2 }, defaultVariant: 'a', defaultvariant: 'B' };
    const { flags } = imported({
      Flags: { F: { ...flag, Targeting: { $ref: 'x' } } },
      $Evaluators: { x: 'abc' },
    });
    expect(flags).toMatchObject([
      {
        key: 'F',
        flag: { variants: [{ key: 'a' }, { key: 'B' }] },
        config: { enabled: false, rules: [{ serve: { jsonLogic: 'abc' } }], fallthrough: { variant: 'B' } },
      },
    ]);
    const [spelledTwice] = imported({ flags: { f: { State: 'DISABLED', state: null } } }).flags;
    expect(spelledTwice?.config?.enabled).toBe(false);
  });

  it('makes an empty flag of null', () => {
    const [flag] = imported({ flags: { f: null } }).flags;
    expect(flag).toMatchObject({ key: 'f', flag: { variants: [] }, config: { enabled: true } });
  });

  it('loses the flag that flagd could not decode, and no other', () => {
    const good = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' };
    const { flags, report } = imported({
      flags: {
        a: 1,
        b: { ...good, state: true },
        c: { ...good, variants: ['on'] },
        d: { ...good, defaultVariant: 1 },
        e: { ...good, metadata: 'x' },
        f: { ...good, variants: { '': true }, defaultVariant: '' },
        h: { ...good, source: 1 },
        i: { $ref: 'list' },
        g: good,
      },
      $evaluators: { list: [1] },
    });
    expect(flags.map(({ key }) => key)).toEqual(['g']);
    expect(report.refused.map(({ flag, path, construct }) => [flag, path, construct])).toEqual([
      ['a', 'flags.a', 'flag'],
      ['b', 'flags.b.state', 'state'],
      ['c', 'flags.c.variants', 'variants'],
      ['d', 'flags.d.defaultVariant', 'defaultVariant'],
      ['e', 'flags.e.metadata', 'metadata'],
      ['f', 'flags.f.variants.""', 'variant without a name'],
      ['h', 'flags.h.source', 'source'],
      ['i', 'flags.i', 'flag'],
    ]);
  });

  it('may list its flags; of one key in one flag set the last counts', () => {
    const flag = (key: JsonValue, value: number, flagSetId?: string): JsonObject => ({
      key,
      state: 'ENABLED',
      variants: { v: value },
      defaultVariant: 'v',
      ...(flagSetId === undefined ? {} : { metadata: { flagSetId } }),
    });
    const { flags, report } = imported({
      metadata: { flagSetId: 'shop' },
      flags: [flag('a', 1), flag('b', 1, 'x'), flag('a', 2, 'shop'), flag('b', 2, 'y'), flag(null, 1), 5],
    });
    expect(flags.map(({ key, flag: { variants } }) => [key, variants?.[0]?.value])).toEqual([['a', 2]]);
    expect(report.refused.map(({ flag: key, path, construct }) => [key, path, construct])).toEqual([
      ['', 'flags[4]', 'flag without a key'],
      ['', 'flags[5]', 'flag without a key'],
      ['b', 'flags[3]', 'flagSetId'],
    ]);
    expect(report.notes).toEqual([
      { path: 'flags[2]', message: 'is the 2. flag of the key "a": the last one counts' },
    ]);
  });

  it('may list flags of one key in several flag sets, for who tells these apart', () => {
    const flag = (key: string, value: number, flagSetId: string): JsonObject => ({
      key,
      variants: { v: value },
      metadata: { flagSetId },
    });
    const flags = [flag('a', 1, 'x'), flag('b', 2, 'x'), flag('a', 3, 'y'), flag('a', 4, 'x')];
    const { flags: taken, report } = imported({ flags }, { flagSetsApart: true });
    expect(report.refused).toEqual([]);
    expect(report.notes).toContainEqual({
      path: 'flags[3]',
      message: 'is the 2. flag of the key "a": the last one counts',
    });
    expect(
      taken.map(({ key, flag: { variants, metadata } }) => [key, variants?.[0]?.value, metadata]),
    ).toEqual([
      ['b', 2, { flagSetId: 'x' }],
      ['a', 3, { flagSetId: 'y' }],
      ['a', 4, { flagSetId: 'x' }],
    ]);
  });
});

describe('references', () => {
  const withEvaluators = (targeting: JsonValue, $evaluators: JsonObject): JsonObject =>
    one({ targeting }, { $evaluators });

  it('are replaced by what the evaluator holds, wherever they stand', () => {
    const isA = { '==': [{ var: 'x' }, 'a'] };
    const targeting = { if: [{ $ref: 'isA' }, 'red', { '!': [{ $ref: 'isA' }] }, 'blue'] };
    expect(targetingOf(withEvaluators(targeting, { isA }))).toEqual({
      if: [isA, 'red', { '!': [isA] }, 'blue'],
    });
    expect(targetingOf(withEvaluators({ $ref: 'isA' }, { isA }))).toEqual(isA);
    const spaced = JSON.stringify(withEvaluators(targeting, { isA })).replaceAll('"$ref":', '"$ref" \n : ');
    expect(targetingOf(JSON.parse(spaced) as JsonValue)).toEqual(
      targetingOf(withEvaluators(targeting, { isA })),
    );
    const variants = { red: { $ref: 'isA' }, blue: {} };
    const [flag] = imported(one({ variants }, { $evaluators: { isA } })).flags;
    expect(flag?.flag.variants?.[0]?.value).toEqual(isA);
  });

  it.each<JsonValue>([['on'], 'abc', true, null, 100])('may stand for %j', (evaluator) => {
    const targeting = { if: [{ $ref: 'a' }, 'red', 'blue'] };
    expect(targetingOf(withEvaluators(targeting, { a: evaluator }))).toEqual({
      if: [evaluator, 'red', 'blue'],
    });
  });

  it("stay where something stands beside them, or the name is escaped in flagd's text", () => {
    const isA = { '!': [1] };
    const targeting = { if: [{ $ref: 'isA', more: 1 }, { $ref: 'a<b' }, { $ref: 'a"b' }, { $ref: 'a\n' }] };
    const $evaluators = { isA, 'a<b': isA, 'a"b': isA, 'a\n': isA };
    expect(targetingOf(withEvaluators(targeting, $evaluators))).toEqual(targeting);
  });

  it('stay where the name is unknown or no text', () => {
    const targeting = { if: [{ $ref: 'zz' }, { $ref: 1 }, { $ref: 'toString' }] };
    expect(targetingOf(withEvaluators(targeting, { isA: { '!': [1] } }))).toEqual(targeting);
  });

  it('are followed inside of evaluators', () => {
    const $evaluators = {
      a: { and: [{ $ref: 'b' }, { $ref: 'c' }] },
      b: { '!': [{ $ref: 'c' }] },
      c: { var: 'x' },
    };
    expect(targetingOf(withEvaluators({ $ref: 'a' }, $evaluators))).toEqual({
      and: [{ '!': [{ var: 'x' }] }, { var: 'x' }],
    });
  });

  it.each([
    ['a circle', { a: { '!': [{ $ref: 'b' }] }, b: { $ref: 'a' } }, 'The evaluator "a" refers to itself.'],
    ['more than fits', doublings(40), 'What the evaluators make of it is too large.'],
  ])('to %s cost the flag that has them', (_what, $evaluators, reason) => {
    const flag = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on' };
    const { flags, report } = imported({
      flags: { bad: { ...flag, targeting: { if: [{ $ref: 'a' }, 'on'] } }, good: flag },
      $evaluators,
    });
    expect(flags.map(({ key }) => key)).toEqual(['good']);
    expect(report.refused).toEqual([
      { flag: 'bad', path: 'flags.bad.targeting.if[0].$ref', construct: '$ref', reason },
    ]);
  });

  /** Each evaluator names the next one twice. */
  function doublings(levels: number): JsonObject {
    const name = (level: number): string => (level === 0 ? 'a' : `a${level}`);
    return Object.fromEntries(
      Array.from({ length: levels }, (_, level): [string, JsonValue] => [
        name(level),
        level === levels - 1 ? { var: 'x' } : { and: [{ $ref: name(level + 1) }, { $ref: name(level + 1) }] },
      ]),
    );
  }
});

describe('a flag that is too much', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const flag = (targeting: string): string =>
    `{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"targeting":${targeting}},"g":{"state":"ENABLED","variants":{"on":true}}}}`;

  it.each([
    ['nesting', nested(100_000)],
    ['size', `[${'0,'.repeat(200_000)}0]`],
    ['number', '{"==":[1e999,1]}'],
  ])('in its %s is refused, and the others are not', (construct, targeting) => {
    const { flags, report } = imported(flag(targeting));
    expect(flags.map(({ key }) => key)).toEqual(['g']);
    expect(report.refused).toMatchObject([{ flag: 'f', construct }]);
  });
});

describe('whatever stands in a document', () => {
  const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
  const name = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', '$ref');
  const variants = fc.oneof(anything, fc.dictionary(name, anything));
  const flag = fc.oneof(
    anything,
    fc.record(
      {
        key: fc.oneof(name, anything),
        state: fc.oneof(fc.constantFrom('ENABLED', 'DISABLED'), anything),
        variants,
        defaultVariant: fc.oneof(fc.constantFrom('', null), anything),
        targeting: fc.oneof(anything, fc.record({ $ref: name })),
        metadata: anything,
      },
      { requiredKeys: [] },
    ),
  );
  // Through JSON, which writes -0 as 0: the document and its text must be the same.
  const document = fc
    .record(
      {
        flags: fc.oneof(anything, fc.dictionary(name, flag), fc.array(flag)),
        $evaluators: fc.oneof(anything, fc.dictionary(name, fc.oneof(anything, fc.record({ $ref: name })))),
        metadata: anything,
      },
      { requiredKeys: [] },
    )
    .map((written) => JSON.parse(JSON.stringify(written)) as JsonObject);

  it('is read without an exception, each flag of an object once: taken over or refused', () => {
    fc.assert(
      fc.property(document, (written) => {
        const result = read(written);
        expect(read(JSON.stringify(written))).toEqual(result);
        const { flags } = written;
        if (result.outcome === 'rejected' || typeof flags !== 'object' || flags === null) return;
        if (Array.isArray(flags)) return;
        const keys = [
          ...result.flags.map(({ key }) => key),
          ...result.report.refused.map((each) => each.flag),
        ];
        expect(keys.sort()).toEqual(Object.keys(flags).sort());
      }),
      { numRuns: 1_000 },
    );
  });
});
