/**
 * Definitions for tests, in short form; random ones stand in laws/.
 */
import type { FlagUnit } from './compile/flag.ts';
import type { SegmentUnit } from './compile/segment.ts';
import type {
  ConditionDefinition,
  FlagConfigDefinition,
  FlagDefinition,
  JsonObject,
  SplitDefinition,
} from './model.ts';
import { compileSet } from './set/compile-set.ts';
import type { CompiledSet } from './set/compiled-set.ts';

/** A boolean flag with the variants on and off. */
export const SWITCH: FlagDefinition = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
};

export function switchUnit(key: string, config?: FlagConfigDefinition): FlagUnit {
  return { key, flag: SWITCH, ...(config && { config }) };
}

/** On, one rule with the condition serves "on", else "off". */
export function ruleConfig(condition: ConditionDefinition): FlagConfigDefinition {
  return {
    enabled: true,
    rules: [{ id: 'r', condition, serve: { variant: 'on' } }],
    fallthrough: { variant: 'off' },
  };
}

export function weighted(weights: Readonly<Record<string, number>>): SplitDefinition {
  return { entries: Object.entries(weights).map(([variant, weight]) => ({ variant, weight })) };
}

/** A set that must compile. */
export function setOf(flags: Iterable<FlagUnit>, segments: Iterable<SegmentUnit> = []): CompiledSet {
  const { set, problems } = compileSet(flags, segments);
  if (problems.length > 0)
    throw new Error(`The fixture does not compile: ${JSON.stringify(problems, undefined, 1)}`);
  return set;
}

/** Whether the condition holds for the context; it must not fail. */
export function holds(condition: ConditionDefinition, context: JsonObject, nowMs = 0): boolean {
  const answer = setOf([switchUnit('probe', ruleConfig(condition))]).evaluate('probe', context, nowMs);
  if (answer.reason === 'ERROR') throw new Error(`The condition fails: ${answer.errorMessage}`);
  return answer.value === true;
}
