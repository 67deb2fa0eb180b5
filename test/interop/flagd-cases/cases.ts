// Evaluations to compare: a document of flagd, one of its flags, a context and a resolver. Each comes from the
// seed and its own number.

import { applyJsonLogic, type JsonObject, type JsonValue } from '@flagstream/engine';
import { canonicalText } from '../../conformance/json-comparison.ts';
import type { FlagdCase } from '../support/flagd-go.ts';
import { anyContext } from './contexts.ts';
import { oddDocument } from './documents.ts';
import { targeting } from './expressions.ts';
import { SeededRandom } from './seeded-random.ts';

const FLAG_KEY = 'flag';
const DEPTH = 4;
/** One case in so many is about the document instead of its targeting. */
const DOCUMENTS = 5;
/** Keeps the cases of different seeds apart. */
const SEED_STEP = 1_000_003;

const VARIANTS: JsonObject = Object.fromEntries(
  ['on', 'off', 'a', 'b', 'true', 'false', '0', '-0', '1', '[]', '{}', 'null', 'user@faas.com'].map(
    (name) => [name, name],
  ),
);

export function flagdCases(seed: number, count: number): readonly FlagdCase[] {
  return Array.from({ length: count }, (_, index) => flagdCase(seed, index));
}

function flagdCase(seed: number, index: number): FlagdCase {
  const random = new SeededRandom(seed * SEED_STEP + index);
  const made = index % DOCUMENTS === 0 ? oddDocument(random, FLAG_KEY) : targetingDocument(random);
  return { id: `${seed}/${index}`, flagKey: FLAG_KEY, ...made };
}

function targetingDocument(random: SeededRandom): Omit<FlagdCase, 'id' | 'flagKey'> {
  const rule = targeting(random, 1 + random.below(DEPTH));
  const context = anyContext(random);
  const flag = {
    state: 'ENABLED',
    variants: { ...VARIANTS, ...ownVariant(rule, context) },
    defaultVariant: 'off',
    targeting: rule,
  };
  return { document: JSON.stringify({ flags: { [FLAG_KEY]: flag } }), context, type: 'string' };
}

/** A variant that bears our result as its name: whatever the result, it must be the same as the other's. */
function ownVariant(rule: JsonValue, context: JsonObject): JsonObject {
  const outcome = applyJsonLogic(rule, context, { flagKey: FLAG_KEY });
  if (outcome.kind !== 'value') return {};
  const name = canonicalText(outcome.value).replaceAll('"', '');
  return name === '' ? {} : { [name]: name };
}
