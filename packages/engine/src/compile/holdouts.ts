/**
 * Holdouts: subjects that are kept out of everything that a flag rolls out. The
 * first that holds the subject serves.
 *
 * Place on the path: after the prerequisites, before the targets. The gate is
 * usually that of an exclusion group, so one holdout spans many flags.
 */
import type { Evaluation } from '../evaluation.ts';
import { LIMITS } from '../limits.ts';
import type { HoldoutDefinition } from '../model.ts';
import { type Condition, Stage, type Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import { gatePrefixes } from './gate.ts';
import { compileGateMatch } from './gate-match.ts';
import type { RuleIds } from './rule-ids.ts';
import type { Scope } from './scope.ts';

class Holdout extends Stage {
  readonly #index: number;
  readonly #subjects: Condition;
  readonly #answer: Evaluation;

  constructor(index: number, subjects: Condition, answer: Evaluation) {
    super();
    this.#index = index;
    this.#subjects = subjects;
    this.#answer = answer;
  }

  override answer(walk: Walk): Evaluation | undefined {
    walk.trace?.at(`holdouts[${this.#index}]`);
    const step = walk.trace?.open('rule', '');
    const held = this.#subjects.holds(walk);
    if (step !== undefined) {
      const holds = held ? 'holds' : 'does not hold';
      walk.trace?.close(step, held, `Holdout "${this.#answer.ruleId}" ${holds} the subject.`);
    }
    return held ? this.#answer : undefined;
  }
}

export function compileHoldouts(
  holdouts: readonly HoldoutDefinition[],
  offVariant: string | undefined,
  answers: Answers,
  ids: RuleIds,
  scope: Scope,
): Stage[] {
  scope.problems.limit('holdouts', 'Holdouts', holdouts.length, LIMITS.holdoutsPerFlag);
  return holdouts.map((holdout, index) => {
    const path = `holdouts[${index}]`;
    const ruleId = ids.take(holdout.id, path);
    const site = { reason: 'SPLIT', ruleId } as const;
    const answer = holdout.variant
      ? answers.named(holdout.variant, site, `${path}.variant`, scope.problems)
      : answers.known(offVariant, site);
    const prefix = gatePrefixes(scope.key).holdout;
    const subjects = compileGateMatch(holdout.subjects ?? {}, `${path}.subjects`, 'subjects', prefix, scope);
    return new Holdout(index, subjects, answer);
  });
}
