/**
 * A flag in one environment, compiled by itself: what it refers to is checked
 * when the set is linked.
 *
 * Place on the path: called by the set for each changed flag.
 */
import { answerOf, type Evaluation } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { FlagConfigDefinition, FlagDefinition, FlagKind, JsonValue, RuleDefinition } from '../model.ts';
import { type Problem, ProblemList } from '../problem.ts';
import { frozenCopy, hasKind, jsonChars, kindName } from '../variant-value.ts';
import type { CompiledFlag, Stage } from '../walk.ts';
import { Answers } from './answers.ts';
import { compilePrerequisites } from './prerequisite.ts';
import { type CompiledRule, compileRule } from './rule.ts';
import { type Reference, Scope } from './scope.ts';
import { compileServe } from './serve.ts';
import { compileTargets } from './targets.ts';

/** One flag in one environment. */
export interface FlagUnit {
  readonly key: string;
  readonly flag: FlagDefinition;
  /** Absent: never written, so the flag is off. */
  readonly config?: FlagConfigDefinition;
}

/** What compiling an entity by itself gives. */
export interface OwnCompile<Compiled> {
  /** Undefined: it has problems of its own. */
  readonly compiled: Compiled | undefined;
  readonly problems: readonly Problem[];
  readonly references: readonly Reference[];
  /** Worst-case steps without what it refers to. */
  readonly steps: number;
}

const KINDS: ReadonlySet<string | undefined> = new Set<FlagKind>([
  'FLAG_KIND_BOOLEAN',
  'FLAG_KIND_STRING',
  'FLAG_KIND_NUMBER',
  'FLAG_KIND_OBJECT',
]);

export function compileFlag(unit: FlagUnit): OwnCompile<CompiledFlag> {
  const problems: Problem[] = [];
  const flagProblems = new ProblemList('flag', unit.key, problems);
  const scope = new Scope(unit.key, new ProblemList('flagConfig', unit.key, problems));
  const config = unit.config ?? {};
  const kind = compileKind(unit.flag, flagProblems);
  const values = compileVariants(unit.flag, kind, flagProblems);
  const answers = new Answers({ key: unit.key, kind, enabled: config.enabled ?? false }, values);
  const off = compileOff(unit.flag, config, answers, flagProblems, scope);
  const body = compileBody(config, off, answers, scope);
  scope.checkSteps();
  const compiled: CompiledFlag | undefined =
    kind === undefined || problems.length > 0
      ? undefined
      : {
          key: unit.key,
          kind,
          enabled: answers.facts.enabled,
          clientVisible: unit.flag.clientVisible ?? false,
          variants: new Set(values.keys()),
          constant: answers.facts.enabled ? body.constant : off.whenDisabled,
          stages: body.stages,
          unanswered: body.unanswered,
          transitions: answers.facts.enabled ? body.transitions : [],
        };
  return { compiled, problems, references: scope.references, steps: scope.steps };
}

function compileKind(flag: FlagDefinition, problems: ProblemList): FlagKind | undefined {
  if (KINDS.has(flag.kind)) return flag.kind;
  problems.add('MISSING_FIELD', 'kind', `The kind of the flag is needed, one of ${[...KINDS].join(', ')}.`);
  return undefined;
}

function compileVariants(
  flag: FlagDefinition,
  kind: FlagKind | undefined,
  problems: ProblemList,
): ReadonlyMap<string, JsonValue> {
  const values = new Map<string, JsonValue>();
  problems.limit('variants', 'Variants', flag.variants?.length ?? 0, LIMITS.variantsPerFlag);
  (flag.variants ?? []).forEach((variant, index) => {
    const path = `variants[${index}]`;
    if (!variant.key) problems.add('MISSING_FIELD', `${path}.key`, 'A variant needs a key.');
    if (values.has(variant.key)) {
      problems.add('DUPLICATE_VARIANT', `${path}.key`, `The variant "${variant.key}" is given twice.`);
    }
    // Also without a usable value, so that naming the variant elsewhere is no second problem.
    values.set(variant.key, compileValue(variant.value, kind, `${path}.value`, problems) ?? null);
  });
  return values;
}

function compileValue(
  value: JsonValue | undefined,
  kind: FlagKind | undefined,
  path: string,
  problems: ProblemList,
): JsonValue | undefined {
  if (value === undefined) {
    problems.add('MISSING_FIELD', path, 'A variant needs a value.');
    return undefined;
  }
  if (kind !== undefined && !hasKind(value, kind)) {
    problems.add('TYPE_MISMATCH', path, `The value must be ${kindName(kind)}, as the flag's kind says.`);
    return undefined;
  }
  const copy = frozenCopy(value);
  if (copy === undefined) {
    problems.add('LIMIT_EXCEEDED', path, `The value is nested deeper than ${LIMITS.valueDepth}.`);
    return undefined;
  }
  problems.limit(path, 'Characters of a value as JSON', jsonChars(copy), LIMITS.valueChars);
  return copy;
}

interface OffAnswers {
  readonly whenDisabled: Evaluation;
  /** When a prerequisite does not hold. */
  readonly whenPrerequisiteFails: Evaluation;
}

function compileOff(
  flag: FlagDefinition,
  config: FlagConfigDefinition,
  answers: Answers,
  flagProblems: ProblemList,
  scope: Scope,
): OffAnswers {
  // The flag's own off variant must exist even where an environment overrides it.
  const ofFlag = flag.offVariant
    ? answers.variant(flag.offVariant, 'DISABLED', '', 'offVariant', flagProblems)
    : answers.none('DISABLED');
  const whenDisabled = config.offVariant
    ? answers.variant(config.offVariant, 'DISABLED', '', 'offVariant', scope.problems)
    : ofFlag;
  const { variant, value } = whenDisabled;
  return { whenDisabled, whenPrerequisiteFails: answerOf(answers.facts, 'DEFAULT', '', variant, value) };
}

interface Body {
  readonly stages: readonly Stage[];
  readonly unanswered: Evaluation;
  readonly constant: Evaluation | undefined;
  readonly transitions: readonly number[];
}

function compileBody(config: FlagConfigDefinition, off: OffAnswers, answers: Answers, scope: Scope): Body {
  const stages: Stage[] = [];
  if (config.prerequisites?.length) {
    stages.push(compileFlagPrerequisites(config, off.whenPrerequisiteFails, answers, scope));
  }
  stages.push(...compileTargets(config.targets ?? [], 'targets', answers, scope));
  const rules = compileRules(config.rules ?? [], off.whenPrerequisiteFails, answers, scope);
  stages.push(...rules.map((rule) => rule.stage));
  const unanswered = answers.none('DEFAULT');
  const alone = stages.length === 0;
  if (config.fallthrough === undefined) {
    return {
      stages,
      unanswered,
      constant: alone ? unanswered : undefined,
      transitions: rules.flatMap(boundaries),
    };
  }
  const site = { path: 'fallthrough', ruleId: '', reason: alone ? 'STATIC' : 'DEFAULT' } as const;
  const { stage, constant } = compileServe(config.fallthrough, site, answers, scope);
  stages.push(stage);
  return {
    stages,
    unanswered,
    constant: alone ? constant : undefined,
    transitions: rules.flatMap(boundaries),
  };
}

function compileFlagPrerequisites(
  config: FlagConfigDefinition,
  off: Evaluation,
  answers: Answers,
  scope: Scope,
): Stage {
  const failed = compilePrerequisites(
    {
      prerequisites: config.prerequisites ?? [],
      path: 'prerequisites',
      facts: answers.facts,
      ruleId: '',
      off,
      whenUnspecified: 'PREREQUISITE_OUTCOME_OFF_VARIANT',
    },
    scope,
  );
  return (walk) => failed(walk)?.answer;
}

function compileRules(
  rules: readonly RuleDefinition[],
  off: Evaluation,
  answers: Answers,
  scope: Scope,
): CompiledRule[] {
  scope.problems.limit('rules', 'Rules', rules.length, LIMITS.rulesPerFlag);
  const ids = new Set<string>();
  return rules.map((rule, index) => {
    const path = `rules[${index}]`;
    if (rule.id && ids.has(rule.id)) {
      scope.problems.add('DUPLICATE_RULE_ID', `${path}.id`, `The rule id "${rule.id}" is given twice.`);
    }
    if (rule.id) ids.add(rule.id);
    return compileRule(
      rule,
      path,
      answerOf(answers.facts, 'DEFAULT', rule.id ?? '', off.variant, off.value),
      answers,
      scope,
    );
  });
}

function boundaries(rule: CompiledRule): number[] {
  if (rule.window === undefined) return [];
  return [rule.window.startMs, rule.window.endMs].filter((instantMs) => Number.isFinite(instantMs));
}
