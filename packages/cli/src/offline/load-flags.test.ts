import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type FlagsFile, type LoadedFlags, loadFlags } from './load-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'flagstream-load-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(name: string, text: string, options: Partial<FlagsFile> = {}): LoadedFlags {
  const place = join(folder, name);
  writeFileSync(place, text);
  return loadFlags({ ...FILE, place, ...options });
}

const FILE: FlagsFile = {
  place: folder,
  format: undefined,
  fractional: undefined,
  project: undefined,
  environment: { named: undefined, preferred: undefined },
};

const FLAGD_YAML = `
# one flag as flagd reads it from YAML
flags:
  myFlag: { state: ENABLED, variants: &v { "on": true, "off": false }, defaultVariant: "on" }
  other: { state: DISABLED, variants: *v, defaultVariant: null }
  bad: { state: ENABLED, variants: [] }
`;

describe('a file of our own', () => {
  it('must be of the project that is named, if it names one', () => {
    const text = '{"format":"flagstream/v1","project":"shop","flags":[]}';
    expect(load('shop.json', text, { project: 'shop' }).flags.keys()).toEqual([]);
    expect(() => load('shop.json', text, { project: 'other' })).toThrow(/is of the project shop, not other/);
    const nameless = '{"format":"flagstream/v1","flags":[{"flag":{"name":"projects/other/flags/a"}}]}';
    expect(load('any.json', nameless, { project: 'other' }).flags.keys()).toEqual(['a']);
  });

  it('is told from one of flagd, whose format must be named', () => {
    for (const [name, text] of [
      ['flagd.yaml', FLAGD_YAML],
      ['flagd.json', '{"$schema":"x","flags":{"f":{}}}'],
    ] as const)
      expect(() => load(name, text)).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/flagd\.\w+ looks like a file of flagd$/),
          next: 'Add --format flagd.',
        }),
      );
    for (const text of ['flag: {}', '[]', '5', '{format: flagstream/v1, flags: {}}'])
      expect(() => load('other.yaml', text)).toThrow(expect.objectContaining({ reason: 'INVALID_DOCUMENT' }));
  });

  it('says where each refusal is written', () => {
    const { flags } = load(
      'refused.yaml',
      `format: flagstream/v1
segments:
  - name: staff
    condition: { compare: { attribute: a, operator: is, values: [1] } }
flags:
  - flag: { name: first, kind: FLAG_KIND_BOOLEAN, off_variant: never }
  - flag: { name: second, kind: FLAG_KIND_BOOLEAN }
    configs:
      live:
        fallthrough:
          split: { entries: [{ variant: "on", weight: 1 }] }
`,
    );
    expect(flags.refused.map(({ key, place }) => [key, place?.replace(/^.*[/]/, '')])).toEqual([
      ['first', 'refused.yaml:6:64'],
      ['second', 'refused.yaml:11:29'],
      ['staff', 'refused.yaml:4:53'],
    ]);
    expect(flags.refusalOf('second')?.reason).toMatch(/^fallthrough\.split\.entries: /);
  });

  it('says the version of fractional itself', () => {
    expect(() => load('own.yaml', 'format: flagstream/v1', { fractional: 'v1' })).toThrow(/of flagd files/);
  });
});

describe('a file of flagd', () => {
  it('may be YAML; its keys are kept as they are, and what is refused is said', () => {
    const { flags, notes } = load('flags.yml', FLAGD_YAML, { format: 'flagd' });
    expect(flags.keys()).toEqual(['bad', 'myFlag', 'other']);
    expect(flags.evaluate('myFlag', {}, 0)).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' });
    expect(flags.evaluate('other', {}, 0)).toMatchObject({ value: undefined, reason: 'DISABLED' });
    expect(flags.evaluate('bad', {}, 0)).toMatchObject({
      errorCode: 'PARSE_ERROR',
      errorMessage: expect.stringMatching(/^refused: flags\.bad\.variants: /),
    });
    expect(flags.refused).toEqual([
      {
        kind: 'flag',
        key: 'bad',
        place: expect.stringMatching(/flags\.yml:6:36$/),
        reason: expect.any(String),
      },
    ]);
    expect(notes).toEqual([]);
  });

  it.each([
    ['flags.json', '{"flags":', /flags\.json:1:10: is not JSON from here on: expected a value/],
    ['flags.json', '{\n "flags": {}\n\n', /flags\.json:4:1: is not JSON from here on: expected a comma or }/],
    ['flags.json', '{\n "flags" {}}', /flags\.json:2:10: is not JSON from here on: expected a colon/],
    ['flags.json', '', /flags\.json:1:1: is not JSON/],
    ['flags.yaml', 'a: b: c', /flags\.yaml:1/],
    ['flags.yaml', 'a: 1\n---\nb: 2', /holds 2 documents in place of one/],
    ['flags.yaml', 'flags: *nobody', /flags\.yaml.*nobody/],
    [
      'flags.yaml',
      'flags: { a: { defaultVariant: x } }',
      /flags\.yaml:1:31: flags\.a\.defaultVariant: .*"x" is not a variant/,
    ],
  ])('%s of %j is not usable', (name, text, message) => {
    expect(() => load(name, text, { format: 'flagd' })).toThrow(
      expect.objectContaining({ reason: 'INVALID_DOCUMENT', message: expect.stringMatching(message) }),
    );
  });

  it('has places for what is refused and noted, also in JSON that YAML does not take', () => {
    const flag =
      '{ "state": "ENABLED", "variants": { "on": true }, "targeting": { "fractional": [] }, "x": 1 }';
    const places = (text: string): unknown => {
      const { flags } = load('places.json', text, { format: 'flagd' });
      return flags.refused.map(({ key, place }) => [key, place?.replace(/^.*[/]/, '')]);
    };
    expect(places('{"flags": {\n\t"a.b": { "state": "ENABLED", "variants": [] } } }')).toEqual([
      ['a.b', 'places.json:2:43'],
    ]);
    const { notes } = load('notes.json', `{"flags": {},\n "metadata": { "owner": [] }}`, { format: 'flagd' });
    expect(notes).toEqual([
      {
        place: expect.stringMatching(/notes\.json:2:25$/),
        path: 'metadata.owner',
        message: expect.any(String),
      },
    ]);
    expect(places(`{"flags": {\n"a": ${flag},\n"a": { "variants": [] } } }`)).toEqual([
      ['a', 'places.json:3:20'],
    ]);
  });

  it('places users by the version of fractional that is named', () => {
    const targeting = {
      fractional: [
        ['on', 50],
        ['off', 50],
      ],
    };
    const text = JSON.stringify({
      flags: { f: { state: 'ENABLED', variants: { on: true, off: false }, targeting } },
    });
    const placed = (fractional: FlagsFile['fractional']): string => {
      const { flags } = load('flags.json', text, { format: 'flagd', fractional });
      const users = Array.from({ length: 100 }, (_, i) => flags.evaluate('f', { targetingKey: `u${i}` }, 0));
      return users.map(({ variant }) => variant).join();
    };
    const [v1, v2, v3] = [placed('v1'), placed('v2'), placed('v3')];
    expect(v2).toMatch(/^(on|off)(,(on|off)){99}$/);
    expect(placed(undefined)).toBe(v2);
    expect(new Set([v1, v2, v3]).size).toBe(3);
  });

  it('is one file', () => {
    const place = join(folder, 'two');
    mkdirSync(place);
    for (const name of ['a.json', 'b.json']) writeFileSync(join(place, name), '{"flags":{}}');
    expect(() => loadFlags({ ...FILE, place, format: 'flagd' })).toThrow(/is 2 files/);
  });
});
