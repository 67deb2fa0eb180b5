/**
 * A flag in one environment, compiled by itself: what it refers to is checked
 * when the set is linked.
 *
 * Place on the path: called by the set for each changed flag.
 */
import type { Evaluation } from '../evaluation.ts';
import { findDialect } from '../json-logic/dialects.ts';
import { LIMITS } from '../limits.ts';
import type {
  FlagConfigDefinition,
  FlagDefinition,
  FlagKind,
  JsonObject,
  JsonValue,
  RuleDefinition,
} from '../model.ts';
import { type Problem, type ProblemCode, ProblemList } from '../problem.ts';
import { frozenCopy, hasFiniteNumbers, hasKind, jsonChars, kindName } from '../variant-value.ts';
import { type CompiledFlag, chainStages, type Serve, type Stage } from '../walk.ts';
import { Answers, checkedOverride, type VariantFacts } from './answers.ts';
import { compileHoldouts } from './holdouts.ts';
import type { PartPool } from './part-pool.ts';
import { compilePrerequisites } from './prerequisite-list.ts';
import { compileRule } from './rule.ts';
import { RuleIds } from './rule-ids.ts';
import { Schedule } from './schedule.ts';
import { type Reference, Scope } from './scope.ts';
import { ConstantServe, compileServe } from './serve.ts';
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
  'FLAG_KIND_ANY',
]);

/** Shared by all entities that have none. */
const NONE: readonly never[] = Object.freeze([]);

/** The list, or the shared empty one. */
function compact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}

export function compileFlag(unit: FlagUnit, pool: PartPool): OwnCompile<CompiledFlag> {
  const problems: Problem[] = [];
  const flagProblems = new ProblemList('flag', unit.key, problems);
  const configProblems = new ProblemList('flagConfig', unit.key, problems);
  const config = unit.config ?? {};
  const jsonLogic = findDialect(config.jsonLogicDialect ?? '', 'jsonLogicDialect', configProblems);
  const scope = new Scope(unit.key, configProblems, pool, jsonLogic);
  const kind = compileKind(unit.flag, flagProblems);
  checkMetadata(unit.flag.metadata ?? {}, flagProblems);
  const namesakes = compileNamesakes(unit, pool, flagProblems);
  const variants = compileVariants(unit.flag, kind, flagProblems);
  const answers = new Answers({ key: unit.key, kind, enabled: config.enabled ?? false }, variants);
  const whenOff = compileOff(unit.flag, config, answers, flagProblems, scope);
  const { guard, body } = compileBody(config, whenOff.variant, answers, scope);
  scope.checkSteps();
  const { enabled } = answers.facts;
  const inForce = enabled ? body : offBody(whenOff, config.prerequisitesBeforeSwitch ? guard : undefined);
  const compiled: CompiledFlag | undefined =
    kind === undefined || problems.length > 0
      ? undefined
      : {
          key: unit.key,
          kind,
          enabled,
          clientVisible: unit.flag.clientVisible ?? false,
          metadata: unit.flag.metadata,
          source: unit.flag.provenance?.source,
          namesakes,
          variants: pool.names([...variants.keys()]),
          firstStage: chainStages(inForce.stages),
          settled: settledAnswer(inForce),
          fallthrough: inForce.fallthrough,
          unanswered: inForce.unanswered,
          steps: scope.steps,
          schedule: scheduleOf(enabled ? scope.schedule : undefined, namesakes),
        };
  return { compiled, problems: compact(problems), references: compact(scope.references), steps: scope.steps };
}

function compileKind(flag: FlagDefinition, problems: ProblemList): FlagKind | undefined {
  if (KINDS.has(flag.kind)) return flag.kind;
  problems.add('MISSING_FIELD', 'kind', `The kind of the flag is needed, one of ${[...KINDS].join(', ')}.`);
  return undefined;
}

/** Clients in other languages read the values as scalars, and some fail on anything else. */
function checkMetadata(metadata: JsonObject, problems: ProblemList): void {
  const entries = Object.entries(metadata);
  problems.limit('metadata', 'Metadata entries', entries.length, LIMITS.metadataEntries);
  let chars = 0;
  for (const [name, value] of entries) {
    if (value === null || typeof value === 'object') {
      const message = 'Metadata values are strings, numbers and booleans.';
      problems.add('BAD_METADATA', `metadata.${name}`, message);
    } else {
      chars += name.length + String(value).length;
    }
  }
  problems.limit('metadata', 'Characters of metadata', chars, LIMITS.metadataChars);
}

/** Each is a flag by itself: what it would refer to would be the set's to check. */
function compileNamesakes(
  { key, flag }: FlagUnit,
  pool: PartPool,
  problems: ProblemList,
): readonly CompiledFlag[] {
  if (!flag.namesakes?.length) return NONE;
  problems.limit('namesakes', 'Namesakes', flag.namesakes.length, LIMITS.namesakesPerFlag);
  return flag.namesakes.flatMap(({ flag: definition = {}, config }, index) => {
    const path = `namesakes[${index}]`;
    const { namesakes, ...alone } = definition;
    if (namesakes?.length)
      problems.add('BAD_NAMESAKE', `${path}.flag.namesakes`, 'A namesake has none of its own.');
    const own = compileFlag({ key, flag: alone, ...(config && { config }) }, pool);
    for (const { code, entity, path: at, message } of own.problems)
      problems.add(code as ProblemCode, `${path}.${entity === 'flag' ? 'flag' : 'config'}.${at}`, message);
    if (own.references.length > 0)
      problems.add('BAD_NAMESAKE', path, 'A namesake refers to no segment and no other flag.');
    return own.compiled ?? [];
  });
}

/** When answers change of the flag, or of one that stands behind it. */
function scheduleOf(own: Schedule | undefined, namesakes: readonly CompiledFlag[]): Schedule | undefined {
  const all = own ?? new Schedule();
  for (const { schedule } of namesakes) if (schedule !== undefined) all.include(schedule);
  return all.isEmpty ? undefined : all;
}

function compileVariants(
  flag: FlagDefinition,
  kind: FlagKind | undefined,
  problems: ProblemList,
): ReadonlyMap<string, VariantFacts> {
  const variants = new Map<string, VariantFacts>();
  problems.limit('variants', 'Variants', flag.variants?.length ?? 0, LIMITS.variantsPerFlag);
  (flag.variants ?? []).forEach((variant, index) => {
    const path = `variants[${index}]`;
    if (!variant.key) problems.add('MISSING_FIELD', `${path}.key`, 'A variant needs a key.');
    if (variants.has(variant.key)) {
      problems.add('DUPLICATE_VARIANT', `${path}.key`, `The variant "${variant.key}" is given twice.`);
    }
    // Also without a usable value, so that naming the variant elsewhere is no second problem.
    variants.set(variant.key, {
      value: compileValue(variant.value, kind, `${path}.value`, problems) ?? null,
      enabledOverride: checkedOverride(variant.enabledOverride, `${path}.enabledOverride`, problems),
    });
  });
  return variants;
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
  if (!hasFiniteNumbers(copy)) {
    problems.add('TYPE_MISMATCH', path, 'The value holds a number that is not finite.');
    return undefined;
  }
  problems.limit(path, 'Characters of a value as JSON', jsonChars(copy), LIMITS.valueChars);
  return copy;
}

/** The answer while the flag is off. */
function compileOff(
  flag: FlagDefinition,
  config: FlagConfigDefinition,
  answers: Answers,
  flagProblems: ProblemList,
  scope: Scope,
): Evaluation {
  // The flag's own off variant must exist even where an environment overrides it.
  const site = { reason: 'DISABLED' } as const;
  const ofFlag = flag.offVariant
    ? answers.named(flag.offVariant, site, 'offVariant', flagProblems)
    : answers.known(undefined, site);
  if (!config.offVariant) return ofFlag;
  return answers.named(config.offVariant, site, 'offVariant', scope.problems);
}

interface Body {
  readonly stages: readonly Stage[];
  readonly fallthrough: Serve | undefined;
  readonly unanswered: Evaluation;
}

/** What is left of a flag while it is off. */
function offBody(whenOff: Evaluation, guard: Stage | undefined): Body {
  return {
    stages: guard === undefined ? NONE : [guard],
    fallthrough: undefined,
    unanswered: whenOff,
  };
}

function settledAnswer({ fallthrough, unanswered }: Body): Evaluation | undefined {
  return fallthrough === undefined || fallthrough instanceof ConstantServe ? unanswered : undefined;
}

function compileBody(
  config: FlagConfigDefinition,
  offVariant: string | undefined,
  answers: Answers,
  scope: Scope,
): { readonly guard: Stage | undefined; readonly body: Body } {
  const guard = config.prerequisites?.length
    ? compilePrerequisites(
        config.prerequisites,
        { path: 'prerequisites', ofRule: false, ruleId: '', offVariant, answers },
        scope,
      )
    : undefined;
  const ids = new RuleIds(scope.problems);
  const holdouts = compileHoldouts(config.holdouts ?? [], offVariant, answers, ids, scope);
  const targets = compileTargets(config.targets ?? [], answers, scope);
  const rules = compileRules(config.rules ?? [], offVariant, answers, ids, scope);
  const stages: Stage[] = [...(guard ? [guard] : NONE), ...holdouts, ...targets, ...rules];
  const reason = stages.length === 0 ? 'STATIC' : 'DEFAULT';
  const site = { path: 'fallthrough', ruleId: '', reason } as const;
  const fallthrough = config.fallthrough && compileServe(config.fallthrough, site, answers, scope);
  // A constant fallthrough always answers, so that no second answer need be kept.
  const unanswered =
    fallthrough instanceof ConstantServe
      ? fallthrough.constant
      : answers.known(undefined, { reason: 'DEFAULT' });
  return { guard, body: { stages, fallthrough, unanswered } };
}

function compileRules(
  rules: readonly RuleDefinition[],
  offVariant: string | undefined,
  answers: Answers,
  ids: RuleIds,
  scope: Scope,
): Stage[] {
  scope.problems.limit('rules', 'Rules', rules.length, LIMITS.rulesPerFlag);
  return rules.flatMap((rule, index) => compileRule(rule, index, offVariant, answers, ids, scope) ?? NONE);
}
