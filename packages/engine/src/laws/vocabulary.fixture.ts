/**
 * The words that random definitions and contexts share, so that they meet: few
 * keys, few attributes, few values, few instants.
 */
import fc from 'fast-check';
import { parseInstant } from '../instant.ts';
import type { JsonValue } from '../model.ts';

/** In order: tame flags refer only to those before them. */
export const FLAG_KEYS: readonly string[] = ['alpha', 'beta', 'gamma', 'delta'];
/** In order, as the flags. */
export const SEGMENT_KEYS: readonly string[] = ['staff', 'early', 'europe'];
export const VARIANT_KEYS: readonly string[] = ['on', 'off', 'third'];
export const CONTEXT_KINDS: readonly string[] = ['user', 'org', 'device'];
/** Attributes that a definition may name. */
export const ATTRIBUTES: readonly string[] = [
  '',
  'country',
  'age',
  'device.os',
  '/device/version',
  'groups',
  'ip',
  'kind',
];
/** Attributes that none may name, and one that is no pointer. */
export const BAD_ATTRIBUTES: readonly string[] = ['__proto__', 'constructor', 'a.prototype.b', '/a~2'];

/** RFC 3339 in order of time: with and without fractions, with an offset, before 1970. */
export const INSTANTS: readonly string[] = [
  '1969-12-31T23:59:59.500Z',
  '2026-01-01T00:00:00Z',
  '2026-01-31T09:00:00.250Z',
  '2026-03-01T00:00:00+02:00',
  '2026-06-01T12:30:00.001-05:30',
];
const INSTANTS_MS: readonly number[] = INSTANTS.map((text) => parseInstant(text)!);

/** Unix ms at, just beside, and between the instants. */
export const nows: fc.Arbitrary<number> = fc.oneof(
  fc.tuple(fc.constantFrom(...INSTANTS_MS), fc.constantFrom(-1, 0, 1)).map(([at, by]) => at + by),
  fc.integer({ min: INSTANTS_MS[0]!, max: INSTANTS_MS.at(-1)! }),
);

export const texts: fc.Arbitrary<string> = fc.constantFrom(
  '',
  'FR',
  'fr',
  'user-1',
  '1.2.3',
  '2.0.0-rc.1',
  '10.0.0.0/8',
  '::1',
  'a+',
  '(',
  'é𝄞',
  ...INSTANTS,
);

export const scalars: fc.Arbitrary<JsonValue> = fc.oneof(
  texts,
  fc.integer({ min: -5, max: 5 }),
  fc.boolean(),
  fc.constant(null),
);

/** Keys that are present or not: proto JSON omits defaults. */
export function partial<T>(
  shape: { [Key in keyof T]: fc.Arbitrary<NonNullable<T[Key]>> },
): fc.Arbitrary<Partial<T>> {
  return fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}
