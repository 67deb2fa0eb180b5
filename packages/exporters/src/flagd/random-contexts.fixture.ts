/** Contexts of any shape, about what random flags ask for. Text is ASCII, which flagd's engines hash alike. */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import fc from 'fast-check';
import { SECONDS_MS, scalars } from './random-flags.fixture.ts';

const anything: fc.Arbitrary<JsonValue> = fc.oneof(
  { arbitrary: scalars, weight: 6 },
  { arbitrary: fc.constant(null), weight: 1 },
  { arbitrary: fc.array(scalars, { maxLength: 4 }), weight: 3 },
  { arbitrary: fc.array(fc.oneof(scalars, fc.constant(null)), { maxLength: 3 }), weight: 1 },
  { arbitrary: fc.constantFrom<JsonValue>({}, { a: 1 }, [[]], [['FR'], 'fr'], [{ a: 1 }, 5]), weight: 2 },
);

export const contexts: fc.Arbitrary<JsonObject> = fc.record(
  {
    targetingKey: fc.oneof(
      { arbitrary: fc.nat(200).map((id) => `user-${id}`), weight: 6 },
      { arbitrary: anything, weight: 1 },
    ),
    country: fc.oneof(fc.constantFrom('FR', 'fr', 'DE'), anything),
    age: fc.oneof(fc.integer({ min: -5, max: 5 }), anything),
    groups: fc.oneof(fc.array(scalars, { maxLength: 4 }), anything),
    device: fc.constantFrom<JsonValue>(
      { version: '1.2.3' },
      { version: null },
      { version: ['1.2.3', 5] },
      'none',
      5,
    ),
    $flagd: fc.constant({ flagKey: 'other', timestamp: 0 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;

/** Unix ms at, just beside, and between the instants of the definitions. */
export const instants: fc.Arbitrary<number> = fc.oneof(
  fc.tuple(fc.constantFrom(...SECONDS_MS), fc.constantFrom(-1, 0, 1, 999)).map(([at, by]) => at + by),
  fc.integer({ min: SECONDS_MS[0]! - 1_000_000, max: SECONDS_MS.at(-1)! + 1_000_000 }),
);
