// Values that somebody sends who means no good, or whose program is broken: drawn from a seeded source, most of
// them small, a few at and beyond every limit.

import type { Random } from '../sim/world/random.ts';

/** Words that mean something to JavaScript, to paths or to what reads them afterwards. */
const LOADED_WORDS: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  '__defineGetter__',
  'then',
  'length',
  '',
  ' ',
  '.',
  '..',
  '../..',
  '-',
  '*',
  '\0',
  'a\0b',
  '\r\nX: y',
  '%00',
  '%s%n',
  '$' + '{7*7}',
  '{{7}}',
  "'; DROP TABLE record; --",
  '<script>',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '1e309',
  '9007199254740993',
  'true',
  '\u202e',
  '\ufeff',
  'e\u0301',
  '\u{1f3f3}\u{fe0f}',
  'İ',
  'ß',
  '\ufffd',
];

const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  2 ** 64,
  1e308,
  -1e308,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  3n,
  100n,
  1_000n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** What is in the seeded log, so that some of what is sent gets past the first check. */
const KNOWN_KEYS: readonly string[] = [
  'default',
  'development',
  'production',
  'staging',
  'new-checkout',
  'maintenance-mode',
  'banner',
  'fuzz-a',
  'fuzz-b',
  'on',
  'off',
  'country',
  'targetingKey',
  'beta-testers',
];

const OPERATORS: readonly string[] = [
  'equals',
  'in',
  'matches',
  'startsWith',
  'semverGreater',
  'lessThan',
  'before',
];
const PATTERNS: readonly string[] = [
  '((',
  '(a+)+$',
  '.*',
  '\\p{L}+',
  '(?<=a)b',
  '[',
  'a{1000000}',
  '(?:a?){60}a{60}',
  '\\1',
];

/** One text in so many is a megabyte: it must stay affordable to send thousands. */
const HUGE_ONE_IN = 400;
const LARGE_ONE_IN = 40;

export function hostileText(random: Random): string {
  if (random.int(1, HUGE_ONE_IN) === 1) return 'x'.repeat(2 ** 20);
  if (random.int(1, LARGE_ONE_IN) === 1)
    return random.pick(['y', 'é', '\ud83d\ude00']).repeat(random.int(100, 20_000));
  if (random.chance(0.15)) return Buffer.from(random.bytes(random.int(1, 24))).toString('latin1');
  return random.pick(LOADED_WORDS);
}

/** A key, more often than not one that exists. */
export function keyText(random: Random): string {
  return random.chance(0.75) ? random.pick(KNOWN_KEYS) : hostileText(random);
}

/** What names of a message of this name are of, as they are written in a request about it. */
const RESOURCES: readonly (readonly [RegExp, (random: Random) => string])[] = [
  [/FlagConfig/, (random) => `${environmentName(random)}/flagConfigs/${keyText(random)}`],
  [/Segment/, (random) => `${projectName(random)}/segments/${keyText(random)}`],
  [/Flag|Evaluate|Answer/, (random) => `${projectName(random)}/flags/${keyText(random)}`],
  [/Environment/, environmentName],
  [/Project/, projectName],
];

/** A resource name: mostly of the form that the message asks for, with keys of any kind, else of any form. */
export function resourceName(random: Random, messageName: string, isParent: boolean): string {
  if (random.chance(0.8)) {
    if (isParent) return /FlagConfig/.test(messageName) ? environmentName(random) : projectName(random);
    const own = RESOURCES.find(([form]) => form.test(messageName));
    if (own !== undefined) return own[1](random);
  }
  if (random.chance(0.2)) return `projects/${'/'.repeat(random.int(1, 50))}`;
  return random.chance(0.5) ? random.pick(RESOURCES)[1](random) : hostileText(random);
}

function projectName(random: Random): string {
  return `projects/${random.chance(0.9) ? 'default' : keyText(random)}`;
}

function environmentName(random: Random): string {
  return `${projectName(random)}/environments/${random.chance(0.9) ? 'development' : keyText(random)}`;
}

/** A path of a field mask. */
export function maskPath(random: Random): string {
  return random.pick([
    'enabled',
    'description',
    'rules',
    'fallthrough',
    'variants',
    '*',
    'name',
    'rules.0.id',
    'enabled.enabled',
    'a.'.repeat(500),
    hostileText(random),
  ]);
}

export function ruleText(random: Random): string {
  return random.chance(0.5) ? random.pick(OPERATORS) : random.pick(PATTERNS);
}

/** A page token: none, one of ours in form, or anything. */
export function tokenText(random: Random): string {
  const inner = random.pick([
    '[]',
    '["x","y"]',
    '{"__proto__":1}',
    '[null,null]',
    '[[[[',
    '"',
    `[${'['.repeat(5_000)}`,
  ]);
  return random.pick(['', Buffer.from(inner).toString('base64url'), hostileText(random)]);
}

export function hostileNumber(random: Random): number {
  return random.chance(0.8) ? random.pick(NUMBERS) : (random.next() - 0.5) * 10 ** random.int(0, 300);
}

/** A whole number in 64 bits, without its sign. */
export function hostileInteger(random: Random): bigint {
  return random.chance(0.8) ? random.pick(INTEGERS) : BigInt(random.int(0, 2 ** 31));
}

/** Bytes that are cut, turned over, doubled or strewn with others; now and then the same. */
export function damaged(random: Random, whole: Uint8Array): Uint8Array {
  if (whole.length === 0) return random.bytes(random.int(0, 32));
  const at = random.int(0, whole.length - 1);
  switch (random.int(0, 5)) {
    case 0:
      return whole.subarray(0, at);
    case 1: {
      const flipped = Uint8Array.from(whole);
      for (let i = random.int(1, 8); i > 0; i--)
        flipped[random.int(0, whole.length - 1)]! ^= 1 << random.int(0, 7);
      return flipped;
    }
    case 2:
      return Buffer.concat([whole.subarray(0, at), random.bytes(random.int(1, 64)), whole.subarray(at)]);
    case 3:
      return Buffer.concat([whole, whole.subarray(at)]);
    case 4:
      return random.bytes(random.int(0, 512));
    default:
      return whole;
  }
}
