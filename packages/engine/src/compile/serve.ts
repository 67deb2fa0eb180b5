/**
 * What a rule or the fallthrough serves: one variant, or a split with what
 * follows when it holds nobody.
 *
 * Place on the path: the last step of a rule.
 */
import { type Evaluation, errorOf, type Reason } from '../evaluation.ts';
import type { ServeDefinition, SplitDefinition } from '../model.ts';
import type { Stage } from '../walk.ts';
import type { Answers } from './answers.ts';
import { NOBODY } from './gate.ts';
import type { Scope } from './scope.ts';
import { compileSplit } from './split.ts';

interface ServeSite {
  readonly path: string;
  /** "" at the fallthrough. */
  readonly ruleId: string;
  /** Reason of a plain variant. */
  readonly reason: Exclude<Reason, 'ERROR'>;
}

export interface CompiledServe {
  readonly stage: Stage;
  /** Present when it is always the same. */
  readonly constant: Evaluation | undefined;
}

export function compileServe(
  serve: ServeDefinition | undefined,
  site: ServeSite,
  answers: Answers,
  scope: Scope,
): CompiledServe {
  if (serve?.variant !== undefined && serve.split !== undefined) {
    scope.problems.add('BAD_OUTCOME', site.path, 'Either a variant or a split is served, not both.');
  }
  if (serve?.split !== undefined) {
    return { stage: compileServedSplit(serve, serve.split, site, answers, scope), constant: undefined };
  }
  if (!serve?.variant) {
    scope.problems.add('MISSING_FIELD', site.path, 'A variant or a split to serve is needed.');
    return { stage: () => undefined, constant: undefined };
  }
  const path = `${site.path}.variant`;
  const answer = answers.variant(serve.variant, site.reason, site.ruleId, path, scope.problems);
  const stage: Stage = (walk) => {
    walk.trace?.leaf('serve', path, true, `Serves variant "${answer.variant}".`);
    return answer;
  };
  return { stage, constant: answer };
}

function compileServedSplit(
  serve: ServeDefinition,
  split: SplitDefinition,
  site: ServeSite,
  answers: Answers,
  scope: Scope,
): Stage {
  const path = `${site.path}.split`;
  const choose = compileSplit(split, path, scope);
  const outcomes = (split.entries ?? []).map((entry, index) =>
    answers.variant(entry.variant, 'SPLIT', site.ruleId, `${path}.entries[${index}].variant`, scope.problems),
  );
  const miss = missOutcome(serve, site, outcomes, answers, scope);
  return (walk) => {
    const step = walk.trace?.open('split', path);
    const entry = choose(walk);
    const answer = entry === NOBODY ? miss : outcomes[entry];
    if (step !== undefined) walk.trace?.close(step, entry !== NOBODY, splitMessage(entry, answer));
    return answer;
  };
}

function splitMessage(entry: number, answer: Evaluation | undefined): string {
  if (entry !== NOBODY) return `Entry ${entry} holds the subject and serves variant "${answer?.variant}".`;
  if (answer === undefined) return 'No entry holds the subject; the next rule is tried.';
  if (answer.variant !== undefined)
    return `No entry holds the subject; variant "${answer.variant}" is served instead.`;
  return `No entry holds the subject; ${answer.reason === 'ERROR' ? 'an error' : "the caller's default"} is answered.`;
}

/** Undefined: the next rule. */
function missOutcome(
  serve: ServeDefinition,
  site: ServeSite,
  outcomes: readonly Evaluation[],
  answers: Answers,
  scope: Scope,
): Evaluation | undefined {
  switch (serve.onMiss) {
    case undefined:
    case 'MISS_POLICY_NEXT_RULE':
      return undefined;
    case 'MISS_POLICY_VARIANT':
      return answers.variant(
        serve.missVariant,
        'SPLIT',
        site.ruleId,
        `${site.path}.missVariant`,
        scope.problems,
      );
    case 'MISS_POLICY_LAST_ENTRY':
      return outcomes.at(-1);
    case 'MISS_POLICY_CODE_DEFAULT':
      return answers.none('DEFAULT', site.ruleId);
    case 'MISS_POLICY_ERROR':
      return errorOf(answers.facts, 'GENERAL', 'No entry of the split holds the subject.', site.ruleId);
    default:
      scope.problems.add(
        'NOT_BUILT',
        `${site.path}.onMiss`,
        'This miss policy is not built into this engine.',
      );
      return undefined;
  }
}
