/**
 * One rule: window, prerequisites, condition, then what it serves.
 *
 * Place on the path: a stage of a flag; answering undefined lets the next rule
 * try.
 */
import type { Evaluation } from '../evaluation.ts';
import type { RuleDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import type { Condition, Stage, Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import { compileCondition } from './condition.ts';
import { ALWAYS } from './fixed-condition.ts';
import { compilePrerequisites, type PrerequisiteList } from './prerequisite-list.ts';
import type { RuleIds } from './rule-ids.ts';
import type { Scope } from './scope.ts';
import { compileServe } from './serve.ts';
import { compileWindow, type Window } from './window.ts';

export class Rule implements Stage {
  readonly #window: Window | undefined;
  readonly #id: string;
  /** Place among the rules of the flag. */
  readonly #index: number;
  readonly #prerequisites: PrerequisiteList | undefined;
  readonly #condition: Condition;
  readonly #serve: Stage;

  constructor(
    definition: { readonly id: string; readonly index: number },
    window: Window | undefined,
    prerequisites: PrerequisiteList | undefined,
    condition: Condition,
    serve: Stage,
  ) {
    this.#id = definition.id;
    this.#index = definition.index;
    this.#window = window;
    this.#prerequisites = prerequisites;
    this.#condition = condition;
    this.#serve = serve;
  }

  answer(walk: Walk): Evaluation | undefined {
    return walk.trace === undefined ? this.#decide(walk) : this.#explain(walk, walk.trace);
  }

  #decide(walk: Walk): Evaluation | undefined {
    if (this.#window !== undefined && !this.#window.holds(walk)) return undefined;
    if (this.#prerequisites !== undefined) {
      const failure = this.#prerequisites.failure(walk);
      if (failure !== undefined) return failure.answer;
    }
    walk.trace?.at('condition');
    if (!this.#condition.holds(walk)) return undefined;
    walk.trace?.at('serve');
    return this.#serve.answer(walk);
  }

  #explain(walk: Walk, trace: Trace): Evaluation | undefined {
    trace.at(`rules[${this.#index}]`);
    const step = trace.open('rule', '');
    const answer = this.#decide(walk);
    const decides = answer === undefined ? 'does not decide' : 'decides';
    trace.close(step, answer !== undefined, `Rule "${this.#id}" ${decides}.`);
    return answer;
  }
}

/** Answers undefined after it reported why there is none. */
export function compileRule(
  rule: RuleDefinition,
  index: number,
  offVariant: string | undefined,
  answers: Answers,
  ids: RuleIds,
  scope: Scope,
): Rule | undefined {
  const path = `rules[${index}]`;
  const id = ids.take(rule.id, path);
  scope.spend(1);
  const window = rule.window && compileWindow(rule.window, `${path}.window`, scope);
  const prerequisites = rule.prerequisites?.length
    ? compilePrerequisites(
        rule.prerequisites,
        { path: `${path}.prerequisites`, ofRule: true, ruleId: id, offVariant, answers },
        scope,
      )
    : undefined;
  const condition = rule.condition ? compileCondition(rule.condition, `${path}.condition`, scope) : ALWAYS;
  const site = { path: `${path}.serve`, ruleId: id, reason: 'TARGETING_MATCH' } as const;
  const serve = compileServe(rule.serve, site, answers, scope);
  return serve && new Rule({ id, index }, window, prerequisites, condition, serve);
}
