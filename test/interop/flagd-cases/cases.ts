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
/** Rules of a list at most. */
const RULES = 10;
/** What flagd writes in another way, so that no variant has it in its name. */
const ESCAPED = /[<>&"\\\p{Cc}\u2028\u2029]/u;
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
  const context = anyContext(random);
  const rule = random.chance(0.4)
    ? manyRules(random, context)
    : targeting(random, random.chance(0.5) ? 1 : 1 + random.below(DEPTH));
  const name = resultName(rule, context);
  const flag = {
    state: 'ENABLED',
    variants: name === undefined ? VARIANTS : { ...VARIANTS, [name]: name },
    defaultVariant: 'off',
    targeting: rule,
  };
  return { document: JSON.stringify({ flags: { [FLAG_KEY]: flag } }), context, type: 'string' };
}

/** A list of rules that have results, which the result of the list has as its items. */
function manyRules(random: SeededRandom, context: JsonObject): JsonValue {
  return random
    .list(2, RULES, () => targeting(random, 1))
    .filter((rule) => !ESCAPED.test(resultName(rule, context) ?? '\\'));
}

/** Our result as the name of a variant: then the other's result must be the same to find it. */
function resultName(rule: JsonValue, context: JsonObject): string | undefined {
  const outcome = applyJsonLogic(rule, context, { flagKey: FLAG_KEY });
  const name = outcome.kind === 'value' ? canonicalText(outcome.value).replaceAll('"', '') : '';
  return name === '' ? undefined : name;
}
