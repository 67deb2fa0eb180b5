import { FlagstreamError } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { type LoadedFiles, loadDocuments } from './load-documents.ts';

function load(...texts: string[]): LoadedFiles {
  return loadDocuments(
    texts.map((text, i) => ({ file: `f${i}.yaml`, text })),
    'shop',
  );
}

/** The lines of the error. */
function refusal(...texts: string[]): readonly string[] {
  try {
    load(...texts);
  } catch (error) {
    expect(error).toBeInstanceOf(FlagstreamError);
    expect((error as FlagstreamError).reason).toBe('INVALID_DOCUMENT');
    return (error as FlagstreamError).fields.map(({ field, description }) => `${field}: ${description}`);
  }
  throw new Error('the document was accepted');
}

const HEAD = 'format: flagstream/v1\n';

describe('loadDocuments', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = load(`${HEAD}flags:
  - flag: { name: checkout, kind: FLAG_KIND_BOOLEAN, off_variant: off, variants: [{ key: on, value: true }, { key: off, value: false }] }
    configs:
      production: { enabled: true, fallthrough: { variant: on } }
`);
    const json = load(
      JSON.stringify(
        {
          format: 'flagstream/v1',
          flags: [
            {
              flag: {
                name: 'projects/shop/flags/checkout',
                kind: 'FLAG_KIND_BOOLEAN',
                offVariant: 'off',
                variants: [
                  { key: 'on', value: true },
                  { key: 'off', value: false },
                ],
              },
              configs: { production: { enabled: true, fallthrough: { variant: 'on' } } },
            },
          ],
        },
        null,
        '\t',
      ),
    );
    const bare = (files: LoadedFiles): unknown => ({ ...files.set.flags.get('checkout'), name: '' });
    expect(bare(json)).toEqual(bare(yaml));
    expect(yaml.set.flags.get('checkout')?.variants).toHaveLength(2);
    expect(json.set.configs).toEqual(yaml.set.configs);
  });

  it('makes one set of several documents and files', () => {
    const flag = (name: string): string =>
      `${HEAD}flags: [{ flag: { name: ${name}, kind: FLAG_KIND_STRING } }]\n`;
    expect([
      ...load(`${flag('a')}---\n${flag('b')}`, flag('c'), '# only a comment\n').set.flags.keys(),
    ]).toEqual(['a', 'b', 'c']);
    expect(refusal(flag('a'), flag('a'))).toEqual([
      'f1.yaml:2:17: flags[0].flag: a is described twice, also at f0.yaml:2:17',
    ]);
  });

  it('names unknown fields with path, line and what was meant', () => {
    const [problem] = refusal(`${HEAD}flags:\n  - flag:\n      name: a\n      ofVariant: x\n`);
    expect(problem).toMatch(
      /^f0.yaml:5:7: flags\[0\].flag.ofVariant: is not a field of Flag \(did you mean offVariant\?\)/,
    );
  });

  it('names every value of the wrong type', () => {
    expect(
      refusal(`${HEAD}flags:
  - flag: { name: 5, kind: BOOLEAN, tags: x, clientVisible: "yes" }
    configs:
      prod:
        rules:
          - window: { start: tomorrow }
            serve: { variant: on, split: { entries: [{ weight: -1 }, { weight: 1.5 }, { ranges: [{ from: "0" }] }] } }
        prerequisites: { flag: x }
`),
    ).toEqual([
      'f0.yaml:3:19: flags[0].flag.name: must be text (write it in quotes), not 5',
      'f0.yaml:3:28: flags[0].flag.kind: must be one of FLAG_KIND_BOOLEAN, FLAG_KIND_STRING, FLAG_KIND_NUMBER, FLAG_KIND_OBJECT, FLAG_KIND_ANY, not "BOOLEAN" (did you mean FLAG_KIND_BOOLEAN?)',
      'f0.yaml:3:43: flags[0].flag.tags: must be a list, not "x"',
      'f0.yaml:3:61: flags[0].flag.clientVisible: must be true or false, not "yes"',
      'f0.yaml:7:30: flags[0].configs.prod.rules[0].window.start: must be a time such as 2026-12-24T18:00:00Z, not "tomorrow"',
      expect.stringContaining(
        'rules[0].serve.split.entries[0].weight: must be a whole number from 0 to 100000, not -1',
      ),
      expect.stringContaining('rules[0].serve.split.entries[1].weight: must be a whole number'),
      expect.stringContaining('rules[0].serve.split.entries[2].ranges[0].from: must be a number, not "0"'),
      expect.stringContaining('rules[0].serve: has variant and split: only one of them can be'),
      expect.stringContaining('configs.prod.prerequisites: must be a list, not a mapping'),
    ]);
  });

  it.each([
    ['boolean', ' (did you mean FLAG_KIND_BOOLEAN?)'],
    ['strng', ' (did you mean FLAG_KIND_STRING?)'],
    ['FLAG_KIND_NUMER', ' (did you mean FLAG_KIND_NUMBER?)'],
    ['json', ''],
  ])('proposes a name for the kind %s', (kind, hint) => {
    const [problem] = refusal(`${HEAD}flags: [{ flag: { name: a, kind: ${kind} } }]`);
    expect(problem?.endsWith(`, not "${kind}"${hint}`)).toBe(true);
  });

  it('bounds a number by its field', () => {
    const entry = (fields: string): string =>
      `${HEAD}flags: [{ flag: { name: a }, configs: { d: { fallthrough: { split: { ${fields} } } } } }]`;
    expect(
      refusal(entry('entries: [{ weight: 100001 }, { weight: "50" }], gate: { seed: 4294967296 }')),
    ).toEqual([
      expect.stringMatching(/weight: must be a whole number from 0 to 100000, not 100001$/),
      expect.stringMatching(/weight: must be a whole number from 0 to 100000, not "50"$/),
      expect.stringMatching(/seed: must be a whole number from 0 to 4294967295, not 4294967296$/),
    ]);
    expect(load(entry('entries: [{ weight: 100000 }], gate: { seed: 4294967295 }')).set.flags.size).toBe(1);
  });

  it('takes any JSON as a value, and null as absent elsewhere', () => {
    const files = load(`${HEAD}flags:
  - flag: { name: a, kind: FLAG_KIND_OBJECT, description: null, variants: [{ key: v, value: { deep: [1, null, x] } }] }
`);
    expect(files.set.flags.get('a')?.variants[0]?.value).toEqual({ deep: [1, null, 'x'] });
  });

  it.each([
    ['broken syntax', 'a: [\n', /^f0.yaml:2:1: /],
    ['a key twice', `${HEAD}format: flagstream/v1\n`, /^f0.yaml:2:1: Map keys must be unique/],
    ['text that is no mapping', 'hello', /^f0.yaml:1:1: must be a mapping of fields, not "hello"/],
    [
      'another format',
      'format: flagstream/v2',
      /^f0.yaml:1:9: format: must be "flagstream\/v1", not "flagstream\/v2"/,
    ],
    ['no format', 'flags: []', /^f0.yaml:1:1: format: must be/],
    [
      'a flag without name',
      `${HEAD}flags: [{ flag: { kind: FLAG_KIND_STRING } }]`,
      /^f0.yaml:2:17: flags\[0\].flag.name: is missing/,
    ],
    ['an entry without flag', `${HEAD}flags: [{}]`, /^f0.yaml:2:9: flags\[0\].flag: is missing/],
    [
      'a name of another project',
      `${HEAD}flags: [{ flag: { name: projects/other/flags/a } }]`,
      /^f0.yaml:2:25: .*is neither a key nor projects\/shop\/flags\/KEY\. A key has letters/,
    ],
    [
      'a bad environment',
      `${HEAD}flags: [{ flag: { name: a }, configs: { "Prod x": {} } }]`,
      /"Prod x" is not the key of an environment\. A key has lower-case letters/,
    ],
    [
      'deep nesting',
      `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
      /^f0.yaml:1:\d+: is nested too deeply/,
    ],
    [
      'a deep value',
      `${HEAD}segments: [{ name: s, condition: ${'{ not: '.repeat(120)}{}${' }'.repeat(120)} }]`,
      /is nested too deeply/,
    ],
    [
      'a value that describes a huge one by aliases',
      `${HEAD}flags: [{ flag: { name: a, kind: FLAG_KIND_ANY, variants: [${aliasBomb()}] } }]`,
      /variants\[\d+\]\.value.*describes too much/,
    ],
    [
      'a value inside itself',
      `${HEAD}flags: [{ flag: { name: a, kind: FLAG_KIND_ANY, variants: [{ key: a, value: &v [*v] }] } }]`,
      /variants\[0\]\.value.*is nested too deeply/,
    ],
    [
      'a number in a value that no double holds',
      `${HEAD}flags: [{ flag: { name: a, kind: FLAG_KIND_OBJECT, variants: [{ key: a, value: { x: [1e400] } }] } }]`,
      /flags\[0\]\.flag\.variants\[0\]\.value\.x\[0\]: must be a number that a double can hold/,
    ],
    ...['2026-02-30T00:00:00Z', '2026-01-31T24:00:00Z', '2026-01-01T00:00:00.1234567890Z'].map(
      (time): [string, string, RegExp] => [
        `the time ${time}`,
        `${HEAD}flags: [{ flag: { name: a }, configs: { dev: { rules: [{ window: { start: '${time}' } }] } } }]`,
        /window\.start: must be a time such as/,
      ],
    ),
  ])('refuses %s', (_, text, problem) => {
    expect(refusal(text)[0]).toMatch(problem);
  });

  it('is not led astray by aliases', () => {
    const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    expect(refusal(bomb.join('\n'))[0]).toMatch(/a0: is not a field of FlagDocument/);
    const valid = load(
      `${HEAD}flags:\n  - flag: { name: a, kind: FLAG_KIND_STRING, tags: &t [x] }\n  - flag: { name: b, kind: FLAG_KIND_STRING, tags: *t }\n`,
    );
    expect(valid.set.flags.get('b')?.tags).toEqual(['x']);
  });

  it('says where a field of an entity is written, and the place around one that is not', () => {
    const files = load(
      `# first\n${HEAD}segments: [{ name: staff, included_first: true }]
flags:
  - flag:
      name: projects/shop/flags/checkout
      off_variant: off
      metadata: { "a.b": 1 }
    configs:
      live:
        fallthrough: &half
          split: { entries: [{ variant: on }, { variant: off }] }
      test: { fallthrough: *half, rules: [] }
`,
      JSON.stringify(
        { format: 'flagstream/v1', flags: [{ flag: { name: 'other', kind: null } }] },
        null,
        '\t',
      ),
    );
    const live = 'environments/live/flagConfigs/checkout';
    for (const [name, path, place] of [
      ['segments/staff', 'includedFirst', 'f0.yaml:3:43'],
      ['flags/checkout', '', 'f0.yaml:6:7'],
      ['flags/checkout', 'offVariant', 'f0.yaml:7:20'],
      ['flags/checkout', 'metadata."a.b"', 'f0.yaml:8:26'],
      ['flags/checkout', 'variants[0].value', 'f0.yaml:6:7'],
      [live, 'fallthrough.split.entries[1].variant', 'f0.yaml:12:58'],
      [live, 'fallthrough.split.entries[7].variant', 'f0.yaml:12:29'],
      ['environments/test/flagConfigs/checkout', 'fallthrough.split', 'f0.yaml:13:28'],
      ['environments/test/flagConfigs/checkout', 'rules[0].id', 'f0.yaml:13:42'],
      ['flags/other', 'name', 'f1.yaml:6:13'],
      ['flags/nobody', 'name', undefined],
      ['environments/live/flagConfigs/other', '', undefined],
    ] as const)
      expect([name, path, files.placeOf(name, path)]).toEqual([name, path, place]);
  });

  it('asks that files be of one project', () => {
    expect(load(`${HEAD}project: shop`).project).toBe('shop');
    expect(refusal(`${HEAD}project: shop`, `${HEAD}project: other`)).toEqual([
      'f1.yaml:2:10: project: is other, other files are of shop',
    ]);
  });
});

/** Variants of which each holds the one before ten times. */
function aliasBomb(): string {
  const values = Array.from({ length: 12 }, (_, i) => {
    const item = i === 0 ? 'x' : `*v${i - 1}`;
    return `{ key: v${i}, value: &v${i} [${Array(10).fill(item).join(', ')}] }`;
  });
  return values.join(', ');
}
