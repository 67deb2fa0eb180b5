import { expect, it } from 'vitest';
import { readFlagdText } from './read-flagd-text.ts';

const FLAG = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' };
const OPTIONS = { fractional: undefined, isServed: false, keyProblem: () => undefined };
const read = (flags: object, options: Partial<Parameters<typeof readFlagdText>[1]> = {}) =>
  readFlagdText({ file: 'f.json', text: JSON.stringify({ flags }, null, 1) }, { ...OPTIONS, ...options });

it('a flag that cannot be taken over is left out with its place, and the others are there', () => {
  const { flags, leftOut } = read(
    { fine: FLAG, undecodable: { ...FLAG, state: 1 }, unwanted: FLAG },
    { keyProblem: (key) => (key === 'unwanted' ? 'Nobody wants it.' : undefined) },
  );
  expect([...flags.keys()]).toEqual(['fine']);
  expect(leftOut).toMatchObject([
    { key: 'undecodable', place: 'f.json:12:13', path: 'flags.undecodable.state' },
    { key: 'unwanted', place: 'f.json:19:15', path: 'flags."unwanted"', reason: 'Nobody wants it.' },
  ]);
});

it('a flag that is too large for the log, or for the engine, is left out', () => {
  const metadata = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, i]));
  const { flags, leftOut } = read({
    large: { ...FLAG, variants: { on: 'x'.repeat(300_000) } },
    manifold: { ...FLAG, metadata },
    fine: FLAG,
  });
  expect([...flags.keys()]).toEqual(['fine']);
  expect(leftOut.map(({ key, reason }) => [key, reason])).toEqual([
    ['large', expect.any(String)],
    ['manifold', expect.stringContaining('metadata')],
  ]);
});

it('a flag that nests deeper than a message is left out, and the others are there', () => {
  const nested = (levels: number): object => {
    let targeting: object = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', null] };
    for (let level = 1; level < levels; level++)
      targeting = { if: [{ '==': [{ var: 'plan' }, level] }, 'off', targeting] };
    return { ...FLAG, targeting };
  };
  const { flags, leftOut } = read({ before: FLAG, fine: nested(15), deep: nested(40), after: FLAG });
  expect([...flags.keys()]).toEqual(['before', 'fine', 'after']);
  expect(leftOut).toMatchObject([{ key: 'deep', reason: expect.stringContaining('nests deeper') }]);
});

it('flags that are served remember the file, others do not', () => {
  const sourceOf = (isServed: boolean): string | undefined =>
    read({ a: FLAG }, { isServed }).flags.get('a')?.flag.provenance?.source;
  expect([sourceOf(true), sourceOf(false)]).toEqual(['f.json', '']);
});

it('what flagd passes over without a word is noted, each with its place', () => {
  const text = `{
  "flags": {
    "a": { "state": "DISABLED", "state": "ENABLED", "variants": { "on": true }, "defaultVariant": "on", "targetting": {} },
    "b": { "state": "ENABLED", "variants": { "on": { "$ref": "data" } }, "targeting": { "if": [{ "$ref": "gone" }, "on"] } },
    "c": { "state": "ENABLED", "variants": { "on": true }, "Targeting": { "$ref": "uses" } }
  },
  "$evaluators": { "uses": { "!": [{ "$ref": "gone too" }] } },
  "$evaluator": {}
}`;
  const { flags, leftOut, notes } = readFlagdText({ file: 'f.json', text }, OPTIONS);
  expect([...flags.keys()]).toEqual(['a', 'b', 'c']);
  expect(flags.get('a')?.config.enabled).toBe(true);
  expect(leftOut).toEqual([]);
  const unread = 'is nothing that flagd reads: it changes no answer';
  const failing = (name: string): string =>
    `names "${name}", which "$evaluators" has not: the rule fails where it is evaluated`;
  expect(notes.map(({ place, path, message }) => [place, path, message])).toEqual([
    ['f.json:3:42', 'flags.a.state', 'stands in its object 2 times: the last one counts'],
    ['f.json:8:17', '$evaluator', unread],
    ['f.json:3:119', 'flags.a.targetting', unread],
    ['f.json:4:106', 'flags.b.targeting.if[0].$ref', failing('gone')],
    ['f.json:7:46', '$evaluators.uses."!"[0].$ref', failing('gone too')],
  ]);
});

it('a byte order mark is named, as nobody sees it', () => {
  const read = () => readFlagdText({ file: 'f.json', text: '\ufeff{"flags":{}}' }, OPTIONS);
  expect(read).toThrow(/^f\.json:1:1: begins with a byte order mark/);
  const yaml = readFlagdText({ file: 'f.yaml', text: '\ufeff{"flags":{}}' }, OPTIONS);
  expect(yaml.flags.size).toBe(0);
});

it.each([
  ['{', /^f\.json:1:2: is not JSON/],
  ['{"flags":{"a":{"variants":{},"defaultVariant":"x"}}}', /^f\.json:1:\d+: flags\.a\.defaultVariant: /],
  ['[]', /must be an object/],
])('%s is no whole', (text, message) => {
  expect(() => readFlagdText({ file: 'f.json', text }, OPTIONS)).toThrow(message);
});
