/** Random contexts: JSON objects, flat, nested, and of several kinds. */
import fc from 'fast-check';
import type { JsonObject } from '../model.ts';
import { CONTEXT_KINDS, partial, scalars, texts } from './vocabulary.fixture.ts';

const ids: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 50 }).map((id) => `user-${id}`), weight: 5 },
  { arbitrary: fc.constant(''), weight: 1 },
);

const attributes = {
  country: fc.constantFrom('FR', 'fr', 'DE', 5, true),
  age: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant('3')),
  device: fc.constantFrom<JsonObject | string>({ os: 'ios', version: '1.2.3' }, { os: null }, 'none'),
  'device.os': fc.constantFrom('ios', 'android'),
  groups: fc.array(scalars, { maxLength: 4 }),
  ip: fc.constantFrom('10.1.2.3', '::1', 'x'),
};

const single = partial<JsonObject>({
  targetingKey: ids,
  ...attributes,
  kind: fc.constantFrom(...CONTEXT_KINDS),
}) as fc.Arbitrary<JsonObject>;

const multi = partial<JsonObject>({
  ...Object.fromEntries(
    CONTEXT_KINDS.map((kind) => [kind, partial<JsonObject>({ key: ids, targetingKey: ids, ...attributes })]),
  ),
  targetingKey: ids,
  country: texts,
}).map((members): JsonObject => ({ ...(members as JsonObject), kind: 'multi' }));

// Parsed, so that "__proto__" is an own key.
const anyJson = fc
  .json({ maxDepth: 4 })
  .map((text) => JSON.parse(`{"country":${text},"__proto__":{"age":1,"country":"FR"}}`) as JsonObject);

export const contexts: fc.Arbitrary<JsonObject> = fc.oneof(
  { arbitrary: single, weight: 3 },
  { arbitrary: multi, weight: 1 },
  { arbitrary: anyJson, weight: 1 },
);
