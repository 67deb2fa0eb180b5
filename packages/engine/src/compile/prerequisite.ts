/**
 * A prerequisite: another flag that must be on and answer one of some variants
 * for the same context and instant.
 *
 * Place on the path: at flag, rule and condition level; they differ only in
 * what follows a failure. The flag is found by key through the set when asked,
 * so editing it does not recompile this one.
 */

import { evaluateFlag } from '../evaluate-flag.ts';
import { answerOf, type Evaluation, errorOf, type FlagFacts } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { PrerequisiteDefinition, PrerequisiteOutcome } from '../model.ts';
import type { ConditionTest, Stage } from '../walk.ts';
import type { Scope } from './scope.ts';

/** A test whether the prerequisite holds. */
export function compilePrerequisite(
  prerequisite: PrerequisiteDefinition,
  path: string,
  scope: Scope,
): ConditionTest {
  const flagKey = prerequisite.flag ?? '';
  const variants = prerequisite.variants ?? [];
  if (flagKey === '') scope.problems.add('MISSING_FIELD', `${path}.flag`, 'The key of a flag is needed.');
  if (variants.length === 0) {
    scope.problems.add(
      'MISSING_FIELD',
      `${path}.variants`,
      'At least one variant that the flag must answer is needed.',
    );
  }
  scope.problems.limit(`${path}.variants`, 'Variants', variants.length, LIMITS.variantsPerFlag);
  if (flagKey !== '') scope.refer('flag', flagKey, path, variants);
  const allowed: ReadonlySet<string | undefined> = new Set(variants);
  return (walk) => {
    const step = walk.trace?.open('prerequisite', path);
    const parent = walk.directory.flag(flagKey);
    let matched = false;
    let answer: Evaluation | undefined;
    if (parent?.enabled) {
      answer = evaluateFlag(parent, walk);
      matched = answer.reason !== 'ERROR' && allowed.has(answer.variant);
    }
    if (step !== undefined) {
      const state = parent?.enabled ? `answers ${answer?.variant ?? 'no variant'}` : 'is off';
      walk.trace?.close(
        step,
        matched,
        `Flag "${flagKey}" must answer ${variants.join(' or ')}: it ${state}.`,
      );
      step.expected = variants;
      if (answer?.variant !== undefined) step.actual = answer.variant;
    }
    return matched;
  };
}

/** At condition level a failure is simply false, so no outcome may be named. */
export function compilePrerequisiteCondition(
  prerequisite: PrerequisiteDefinition,
  path: string,
  scope: Scope,
): ConditionTest {
  if (prerequisite.onFailure !== undefined) {
    scope.problems.add(
      'BAD_OUTCOME',
      `${path}.onFailure`,
      'A prerequisite in a condition is true or false; it has no outcome.',
    );
  }
  return compilePrerequisite(prerequisite, path, scope);
}

/** A list of prerequisites at flag or rule level. */
export interface PrerequisiteList {
  readonly prerequisites: readonly PrerequisiteDefinition[];
  readonly path: string;
  readonly facts: FlagFacts;
  /** "" at flag level. */
  readonly ruleId: string;
  /** Served by OFF_VARIANT. */
  readonly off: Evaluation;
  readonly whenUnspecified: PrerequisiteOutcome;
}

/** The first failure's outcome. */
export interface PrerequisiteFailure {
  /** Undefined: the next rule. */
  readonly answer: Evaluation | undefined;
}

/** Answers undefined when all hold. */
export function compilePrerequisites(
  list: PrerequisiteList,
  scope: Scope,
): (walk: Parameters<Stage>[0]) => PrerequisiteFailure | undefined {
  scope.problems.limit(list.path, 'Prerequisites', list.prerequisites.length, LIMITS.prerequisitesPerList);
  const compiled = list.prerequisites.map((prerequisite, index) => {
    const path = `${list.path}[${index}]`;
    return {
      holds: compilePrerequisite(prerequisite, path, scope),
      failure: { answer: outcomeOf(prerequisite, path, list, scope) },
    };
  });
  return (walk) => {
    for (const { holds, failure } of compiled) if (!holds(walk)) return failure;
    return undefined;
  };
}

function outcomeOf(
  prerequisite: PrerequisiteDefinition,
  path: string,
  list: PrerequisiteList,
  scope: Scope,
): Evaluation | undefined {
  const outcome = prerequisite.onFailure ?? list.whenUnspecified;
  switch (outcome) {
    case 'PREREQUISITE_OUTCOME_OFF_VARIANT':
      return list.off;
    case 'PREREQUISITE_OUTCOME_CODE_DEFAULT':
      return answerOf(list.facts, 'DEFAULT', list.ruleId, undefined, undefined);
    case 'PREREQUISITE_OUTCOME_ERROR':
      return errorOf(
        list.facts,
        'GENERAL',
        `Prerequisite "${prerequisite.flag}" does not hold.`,
        list.ruleId,
      );
    case 'PREREQUISITE_OUTCOME_NEXT_RULE':
      if (list.ruleId === '') {
        scope.problems.add(
          'BAD_OUTCOME',
          `${path}.onFailure`,
          'A prerequisite of the whole flag has no next rule.',
        );
      }
      return undefined;
    default:
      scope.problems.add('NOT_BUILT', `${path}.onFailure`, 'This outcome is not built into this engine.');
      return undefined;
  }
}
