/**
 * One rule: window, prerequisites, condition, then what it serves.
 *
 * Place on the path: a stage of a flag; answering undefined lets the next rule
 * try.
 */
import type { Evaluation } from '../evaluation.ts';
import type { ConditionDefinition, RuleDefinition } from '../model.ts';
import type { ConditionTest, Stage, Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import { compileCondition } from './condition.ts';
import { compilePrerequisites } from './prerequisite.ts';
import type { Scope } from './scope.ts';
import { compileServe } from './serve.ts';
import { type CompiledWindow, compileWindow } from './window.ts';

export interface CompiledRule {
  readonly stage: Stage;
  readonly window: CompiledWindow | undefined;
}

const ALWAYS: ConditionTest = () => true;

export function compileRule(
  rule: RuleDefinition,
  path: string,
  off: Evaluation,
  answers: Answers,
  scope: Scope,
): CompiledRule {
  const id = rule.id ?? '';
  if (id === '') scope.problems.add('MISSING_FIELD', `${path}.id`, 'A rule needs an id; answers carry it.');
  scope.spend(1);
  const window = rule.window && compileWindow(rule.window, `${path}.window`, scope);
  const failedPrerequisite = compilePrerequisites(
    {
      prerequisites: rule.prerequisites ?? [],
      path: `${path}.prerequisites`,
      facts: answers.facts,
      ruleId: id,
      off,
      whenUnspecified: 'PREREQUISITE_OUTCOME_NEXT_RULE',
    },
    scope,
  );
  const test = compileOptional(rule.condition, `${path}.condition`, scope);
  const site = { path: `${path}.serve`, ruleId: id, reason: 'TARGETING_MATCH' } as const;
  const { stage: serve } = compileServe(rule.serve, site, answers, scope);
  const guarded = window !== undefined || Boolean(rule.prerequisites?.length);

  const run: Stage = guarded
    ? (walk) => {
        if (window !== undefined && !isOpen(window, walk, `${path}.window`)) return undefined;
        const failure = failedPrerequisite(walk);
        if (failure !== undefined) return failure.answer;
        return test(walk) ? serve(walk) : undefined;
      }
    : (walk) => (test(walk) ? serve(walk) : undefined);

  const stage: Stage = (walk) => {
    if (walk.trace === undefined) return run(walk);
    const step = walk.trace.open('rule', path);
    const answer = run(walk);
    walk.trace.close(
      step,
      answer !== undefined,
      `Rule "${id}" ${answer === undefined ? 'does not decide' : 'decides'}.`,
    );
    return answer;
  };
  return { stage, window };
}

function compileOptional(
  condition: ConditionDefinition | undefined,
  path: string,
  scope: Scope,
): ConditionTest {
  return condition === undefined ? ALWAYS : compileCondition(condition, path, scope);
}

function isOpen(window: CompiledWindow, walk: Walk, path: string): boolean {
  const open = walk.nowMs >= window.startMs && walk.nowMs < window.endMs;
  if (walk.trace !== undefined) {
    const step = walk.trace.leaf('condition', path, open, `The window is ${open ? 'open' : 'closed'}.`);
    step.actual = walk.nowMs;
    step.expected = [
      Number.isFinite(window.startMs) ? window.startMs : null,
      Number.isFinite(window.endMs) ? window.endMs : null,
    ];
  }
  return open;
}
