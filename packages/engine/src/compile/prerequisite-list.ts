/**
 * The prerequisites of a flag or of a rule, in order, each with what follows
 * when it does not hold.
 *
 * Place on the path: the first stage of a flag, and the second check of a rule.
 */
import { type Evaluation, errorOf } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { PrerequisiteDefinition, PrerequisiteOutcome } from '../model.ts';
import { Stage, type Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import { compileCondition } from './condition.ts';
import { compilePrerequisite, type Prerequisite } from './prerequisite.ts';
import type { Scope } from './scope.ts';

/** What follows a prerequisite that does not hold. */
export interface PrerequisiteFailure {
  /** Undefined: the next rule. */
  readonly answer: Evaluation | undefined;
}

interface Guard {
  readonly prerequisite: Prerequisite;
  readonly failure: PrerequisiteFailure;
}

export class PrerequisiteList extends Stage {
  readonly #guards: readonly Guard[];

  constructor(guards: readonly Guard[]) {
    super();
    this.#guards = guards;
  }

  /** The first failure; undefined when all hold. */
  failure(walk: Walk): PrerequisiteFailure | undefined {
    const guards = this.#guards;
    for (let i = 0; i < guards.length; i += 1) {
      walk.trace?.at(`prerequisites[${i}]`);
      const guard = guards[i]!;
      if (!guard.prerequisite.holds(walk)) return guard.failure;
    }
    return undefined;
  }

  override answer(walk: Walk): Evaluation | undefined {
    return this.failure(walk)?.answer;
  }
}

/** Where a list stands and what its outcomes answer with. */
export interface PrerequisiteSite {
  readonly path: string;
  /** Of a rule, which has a next one; else of the whole flag. */
  readonly ofRule: boolean;
  readonly ruleId: string;
  /** The variant served while off; undefined: the caller's default. */
  readonly offVariant: string | undefined;
  readonly answers: Answers;
}

export function compilePrerequisites(
  prerequisites: readonly PrerequisiteDefinition[],
  site: PrerequisiteSite,
  scope: Scope,
): PrerequisiteList {
  scope.problems.limit(site.path, 'Prerequisites', prerequisites.length, LIMITS.prerequisitesPerList);
  return new PrerequisiteList(
    prerequisites.map((prerequisite, index) => {
      const path = `${site.path}[${index}]`;
      return {
        prerequisite: compilePrerequisite(prerequisite, path, '', scope, (value, valuePath) =>
          compileCondition(value, valuePath, scope),
        ),
        failure: { answer: outcomeOf(prerequisite, path, site, scope) },
      };
    }),
  );
}

function outcomeOf(
  prerequisite: PrerequisiteDefinition,
  path: string,
  site: PrerequisiteSite,
  scope: Scope,
): Evaluation | undefined {
  const { answers, ofRule, ruleId } = site;
  const whenUnspecified: PrerequisiteOutcome = ofRule
    ? 'PREREQUISITE_OUTCOME_NEXT_RULE'
    : 'PREREQUISITE_OUTCOME_OFF_VARIANT';
  const answer = { reason: 'DEFAULT', ruleId } as const;
  switch (prerequisite.onFailure ?? whenUnspecified) {
    case 'PREREQUISITE_OUTCOME_OFF_VARIANT':
      return answers.known(site.offVariant, answer);
    case 'PREREQUISITE_OUTCOME_VARIANT':
      return answers.named(prerequisite.failureVariant, answer, `${path}.failureVariant`, scope.problems);
    case 'PREREQUISITE_OUTCOME_CODE_DEFAULT':
      return answers.known(undefined, answer);
    case 'PREREQUISITE_OUTCOME_ERROR':
      return errorOf(answers.facts, 'GENERAL', `Prerequisite "${prerequisite.flag}" does not hold.`, ruleId);
    case 'PREREQUISITE_OUTCOME_NEXT_RULE':
      if (!ofRule) {
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
