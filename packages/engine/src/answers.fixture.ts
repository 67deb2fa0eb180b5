/**
 * A flag with several variants, and answers in short form, for tests.
 */
import { setOf } from './definitions.fixture.ts';
import type { Evaluation } from './evaluation.ts';
import type { FlagConfigDefinition, FlagDefinition, JsonObject } from './model.ts';

export const COLOUR: FlagDefinition = {
  kind: 'FLAG_KIND_STRING',
  variants: ['red', 'green', 'blue', 'grey'].map((key) => ({ key, value: key.toUpperCase() })),
  offVariant: 'grey',
};

/** Answers of the flag with this config. */
export function evaluateColour(
  config: FlagConfigDefinition,
  context: JsonObject = { targetingKey: 'u' },
  nowMs = 0,
): Evaluation {
  return setOf([{ key: 'colour', flag: COLOUR, config }]).evaluate('colour', context, nowMs);
}

/** Variant, reason and rule of an answer. */
export function short({ variant, reason, ruleId }: Evaluation): (string | undefined)[] {
  return ruleId === '' ? [variant, reason] : [variant, reason, ruleId];
}
