import { flagConfigName, flagName, segmentName } from '@flagstream/protocol';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { describe, expect, it } from 'vitest';
import { type FlagSet, inProject } from './flag-set.ts';
import { documentJsonSchema } from './json-schema.ts';
import { loadDocuments } from './load-documents.ts';
import { type DocumentFormat, writeDocument } from './write-document.ts';

const STORED: FlagSet = {
  environments: new Map(),
  segments: new Map([
    [
      'staff',
      Segment.fromJSON({
        name: segmentName('shop', 'staff'),
        included: ['u1', '007', 'true', 'line\nfeed', ' blank '],
        memberCount: '5',
        etag: '3',
        updateTime: '2026-01-01T00:00:00Z',
      }),
    ],
  ]),
  flags: new Map([
    [
      'checkout',
      Flag.fromJSON({
        name: flagName('shop', 'checkout'),
        kind: 'FLAG_KIND_OBJECT',
        variants: [
          { key: 'on', value: { on: 'off', n: 1e21, list: [null, 'no', '1'] } },
          { key: 'off', value: {} },
        ],
        offVariant: 'off',
        etag: '4',
      }),
    ],
  ]),
  configs: new Map([
    [
      'checkout',
      new Map([
        [
          'production',
          FlagConfig.fromJSON({
            name: flagConfigName('shop', 'production', 'checkout'),
            enabled: true,
            fallthrough: {
              split: {
                gate: { prefix: 'checkout.', buckets: 100_000 },
                entries: [
                  { variant: 'on', weight: 33_333, ranges: [{ to: 33_333 }] },
                  { variant: 'off', weight: 66_667, ranges: [{ from: 33_333, to: 100_000 }] },
                ],
              },
            },
          }),
        ],
      ]),
    ],
  ]),
};

describe.each(['yaml', 'json'] as const)('writeDocument as %s', (format: DocumentFormat) => {
  const text = writeDocument(STORED, 'shop', format);

  it('is read back as the same set, less what the server sets', () => {
    const { set, project } = loadDocuments([{ file: 'export', text }], 'anything');
    expect(project).toBe('shop');
    expect(inProject(set, 'shop')).toEqual(inProject(STORED, 'shop'));
    expect(writeDocument(set, 'shop', format)).toBe(text);
    expect(text).not.toMatch(/etag|updateTime|memberCount|projects\//);
  });

  it('is independent of the order in which it was read', () => {
    const flags = new Map([
      ['b', STORED.flags.get('checkout')!],
      ['a', STORED.flags.get('checkout')!],
    ]);
    const reversed = new Map([...flags].reverse());
    expect(writeDocument({ ...STORED, flags }, 'shop', format)).toBe(
      writeDocument({ ...STORED, flags: reversed }, 'shop', format),
    );
  });
});

it('quotes words that older YAML takes for true or false', () => {
  expect(writeDocument(STORED, 'shop', 'yaml')).toContain('offVariant: "off"');
});

describe('documentJsonSchema', () => {
  const schema = documentJsonSchema() as {
    readonly $ref: string;
    readonly $defs: Readonly<
      Record<
        string,
        {
          readonly [keyword: string]: unknown;
          readonly properties: Readonly<Record<string, Record<string, unknown>>>;
        }
      >
    >;
  };

  it('describes every message that a document can hold', () => {
    expect(schema.$ref).toBe('#/$defs/FlagDocument');
    expect(Object.keys(schema.$defs)).toEqual(
      expect.arrayContaining([
        'Flag',
        'FlagConfig',
        'Rule',
        'Condition',
        'Comparison',
        'Split',
        'Gate',
        'Segment',
        'Window',
      ]),
    );
    const references = JSON.stringify(schema).match(/#\/\$defs\/\w+/g) ?? [];
    expect(references.filter((each) => schema.$defs[each.slice('#/$defs/'.length)] === undefined)).toEqual(
      [],
    );
  });

  it('refuses unknown fields and carries the comments of the contract', () => {
    const { Flag: flag, Serve: serve, SplitEntry: entry } = schema.$defs;
    expect(flag?.['additionalProperties']).toBe(false);
    expect(flag?.properties['offVariant']).toEqual({
      type: 'string',
      description: "Variant served while the flag is off. Empty: the caller's default.",
    });
    expect(flag?.properties['etag']).toMatchObject({ readOnly: true });
    expect(serve?.['allOf']).toContainEqual({ not: { required: ['variant', 'split'] } });
    expect(serve?.['allOf']).toHaveLength(6);
    expect(entry?.properties['weight']).toMatchObject({ type: 'integer', minimum: 0, maximum: 100_000 });
    expect(schema.$defs['Window']?.properties['start']).toMatchObject({
      type: 'string',
      format: 'date-time',
    });
    expect(schema.$defs['Variant']?.properties['value']).not.toHaveProperty('type');
  });
});
