/**
 * From what people write to what is stored: weights become ranges, and gates
 * say everything they leave to defaults.
 *
 * Place on the path: the control plane, before it compiles and commits. What
 * holds: a normalised config compiles to the same answers as the written one,
 * and normalising it again changes nothing.
 */
import { completeGate, completeMatchGate, gatePrefixes } from './compile/gate.ts';
import { LIMITS } from './limits.ts';
import type {
  ConditionDefinition,
  FlagConfigDefinition,
  GateMatchDefinition,
  HoldoutDefinition,
  RuleDefinition,
  ServeDefinition,
  SplitDefinition,
} from './model.ts';
import { type Problem, ProblemList } from './problem.ts';
import { resolveWeights } from './weights/resolve-weights.ts';

export interface NormalizedConfig {
  config: FlagConfigDefinition;
  problems: readonly Problem[];
}

/** Never throws on definitions of the model's shape; what else is wrong with them is compile's to report. */
export function normalizeConfig(flagKey: string, config: FlagConfigDefinition): NormalizedConfig {
  const problems: Problem[] = [];
  const normalizer = new Normalizer(flagKey, new ProblemList('flagConfig', flagKey, problems));
  const rules = config.rules?.map((rule, index) => normalizer.rule(rule, `rules[${index}]`));
  const fallthrough = config.fallthrough && normalizer.serve(config.fallthrough, 'fallthrough');
  const holdouts = config.holdouts?.map((holdout) => normalizer.holdout(holdout));
  return {
    config: {
      ...config,
      ...(rules && { rules }),
      ...(fallthrough && { fallthrough }),
      ...(holdouts && { holdouts }),
    },
    problems,
  };
}

/** The condition of a segment, its gates complete. Never throws on one of the model's shape. */
export function normalizeSegmentCondition(
  segmentKey: string,
  condition: ConditionDefinition,
): ConditionDefinition {
  return completeCondition(condition, gatePrefixes(segmentKey).condition, 1);
}

class Normalizer {
  readonly #flagKey: string;
  readonly #problems: ProblemList;

  constructor(flagKey: string, problems: ProblemList) {
    this.#flagKey = flagKey;
    this.#problems = problems;
  }

  holdout(holdout: HoldoutDefinition): HoldoutDefinition {
    const subjects = holdout.subjects && completeMatch(holdout.subjects, gatePrefixes(this.#flagKey).holdout);
    return { ...holdout, ...(subjects && { subjects }) };
  }

  rule(rule: RuleDefinition, path: string): RuleDefinition {
    const prefix = gatePrefixes(this.#flagKey).condition;
    const condition = rule.condition && completeCondition(rule.condition, prefix, 1);
    const serve = rule.serve && this.serve(rule.serve, `${path}.serve`);
    return { ...rule, ...(condition && { condition }), ...(serve && { serve }) };
  }

  serve(serve: ServeDefinition, path: string): ServeDefinition {
    return serve.split === undefined ? serve : { ...serve, split: this.#split(serve.split, `${path}.split`) };
  }

  #split(definition: SplitDefinition, path: string): SplitDefinition {
    const prefixes = gatePrefixes(this.#flagKey);
    const gate = completeGate(definition.gate, prefixes.split);
    const { split, problems } = resolveWeights({ ...definition, gate });
    for (const problem of problems)
      this.#problems.add(problem.code, `${path}.${problem.path}`, problem.message);
    const traffic = split.traffic?.map((match) => completeMatch(match, prefixes.traffic));
    const entries = split.entries?.map((entry) =>
      entry.also === undefined
        ? entry
        : { ...entry, also: entry.also.map((match) => completeMatch(match, prefixes.also)) },
    );
    return { ...split, ...(traffic && { traffic }), ...(entries && { entries }) };
  }
}

function completeCondition(
  condition: ConditionDefinition,
  prefix: string,
  depth: number,
): ConditionDefinition {
  // Deeper trees are refused by compile; following them could exhaust the stack.
  if (depth > LIMITS.conditionDepth) return condition;
  const nested = (list: readonly ConditionDefinition[]): ConditionDefinition[] =>
    list.map((inner) => completeCondition(inner, prefix, depth + 1));
  return {
    ...condition,
    ...(condition.all?.conditions && { all: { conditions: nested(condition.all.conditions) } }),
    ...(condition.any?.conditions && { any: { conditions: nested(condition.any.conditions) } }),
    ...(condition.not && { not: completeCondition(condition.not, prefix, depth + 1) }),
    ...(condition.gate && { gate: completeMatch(condition.gate, prefix) }),
  };
}

function completeMatch(match: GateMatchDefinition, prefix: string): GateMatchDefinition {
  return { ...match, gate: completeMatchGate(match, prefix) };
}
