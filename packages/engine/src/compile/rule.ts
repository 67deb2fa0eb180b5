/**
 * One rule: window, prerequisites, condition, then what it serves.
 *
 * Place on the path: a stage of a flag; answering undefined lets the next rule
 * try.
 */
import type { Evaluation, ExplanationStep } from '../evaluation.ts';
import type { RuleDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import { type Condition, type Serve, Stage, type Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import { compileCondition } from './condition.ts';
import { ALWAYS } from './fixed-condition.ts';
import { compilePrerequisites, type PrerequisiteList } from './prerequisite-list.ts';
import type { RuleIds } from './rule-ids.ts';
import type { Scope } from './scope.ts';
import { ConstantServe, compileServe, explainConstant } from './serve.ts';
import { compileWindow, type Window } from './window.ts';

class Rule extends Stage {
  readonly #id: string;
  /** Place among the rules of the flag. */
  readonly #index: number;
  readonly #window: Window | undefined;
  readonly #prerequisites: PrerequisiteList | undefined;
  readonly #condition: Condition;
  readonly #serve: Serve;

  constructor(
    definition: { readonly id: string; readonly index: number },
    guards: {
      readonly window: Window | undefined;
      readonly prerequisites: PrerequisiteList | undefined;
    },
    condition: Condition,
    serve: Serve,
  ) {
    super();
    this.#id = definition.id;
    this.#index = definition.index;
    this.#window = guards.window;
    this.#prerequisites = guards.prerequisites;
    this.#condition = condition;
    this.#serve = serve;
  }

  override answer(walk: Walk): Evaluation | undefined {
    if (walk.trace === undefined) return this.#decide(walk);
    const step = openRule(walk.trace, this.#index);
    return closeRule(walk.trace, step, this.#id, this.#decide(walk));
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
}

/**
 * A rule without window and prerequisites that answers all its subjects alike:
 * what most rules are. It holds the answer itself, which makes it smaller by
 * half and saves fetching what it serves from memory.
 */
class ConstantRule extends Stage {
  readonly #index: number;
  readonly #condition: Condition;
  readonly #constant: Evaluation;

  constructor(index: number, condition: Condition, constant: Evaluation) {
    super();
    this.#index = index;
    this.#condition = condition;
    this.#constant = constant;
  }

  override answer(walk: Walk): Evaluation | undefined {
    if (walk.trace !== undefined) {
      return explainConstantRule(walk.trace, walk, this.#index, this.#condition, this.#constant);
    }
    return this.#condition.holds(walk) ? this.#constant : undefined;
  }
}

/** A function, since a private method would cost each rule a word. */
function explainConstantRule(
  trace: Trace,
  walk: Walk,
  index: number,
  condition: Condition,
  constant: Evaluation,
): Evaluation | undefined {
  const step = openRule(trace, index);
  trace.at('condition');
  const matched = condition.holds(walk);
  if (matched) {
    trace.at('serve');
    explainConstant(constant, trace);
  }
  return closeRule(trace, step, constant.ruleId, matched ? constant : undefined);
}

function openRule(trace: Trace, index: number): ExplanationStep {
  trace.at(`rules[${index}]`);
  return trace.open('rule', '');
}

function closeRule(
  trace: Trace,
  step: ExplanationStep,
  id: string,
  answer: Evaluation | undefined,
): Evaluation | undefined {
  const decides = answer === undefined ? 'does not decide' : 'decides';
  trace.close(step, answer !== undefined, `Rule "${id}" ${decides}.`);
  return answer;
}

/** Answers undefined after it reported why there is none. */
export function compileRule(
  rule: RuleDefinition,
  index: number,
  offVariant: string | undefined,
  answers: Answers,
  ids: RuleIds,
  scope: Scope,
): Stage | undefined {
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
  if (serve instanceof ConstantServe && window === undefined && prerequisites === undefined) {
    return new ConstantRule(index, condition, serve.constant);
  }
  return serve && new Rule({ id, index }, { window, prerequisites }, condition, serve);
}
