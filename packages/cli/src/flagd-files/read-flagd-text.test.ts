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

it('flags that are served remember the file, others do not', () => {
  const sourceOf = (isServed: boolean): string | undefined =>
    read({ a: FLAG }, { isServed }).flags.get('a')?.flag.provenance?.source;
  expect([sourceOf(true), sourceOf(false)]).toEqual(['f.json', '']);
});

it.each([
  ['{', /^f\.json:1:2: is not JSON/],
  ['{"flags":{"a":{"variants":{},"defaultVariant":"x"}}}', /^f\.json:1:\d+: flags\.a\.defaultVariant: /],
  ['[]', /must be an object/],
])('%s is no whole', (text, message) => {
  expect(() => readFlagdText({ file: 'f.json', text }, OPTIONS)).toThrow(message);
});
