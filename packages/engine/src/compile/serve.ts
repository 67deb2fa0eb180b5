/**
 * What a rule or the fallthrough serves: one variant, or a split with what
 * follows when it holds nobody.
 *
 * Place on the path: the last step of a rule.
 */
import { type Evaluation, errorOf, type Reason } from '../evaluation.ts';
import type { ServeDefinition, SplitDefinition } from '../model.ts';
import type { Stage, Walk } from '../walk.ts';
import type { Answers } from './answers.ts';
import type { Scope } from './scope.ts';
import { compileSplit, MISS, type Split } from './split.ts';

interface ServeSite {
  readonly path: string;
  /** "" at the fallthrough. */
  readonly ruleId: string;
  /** Reason of a plain variant. */
  readonly reason: Exclude<Reason, 'ERROR'>;
}

export class VariantServe implements Stage {
  readonly constant: Evaluation;

  constructor(constant: Evaluation) {
    this.constant = constant;
  }

  answer(walk: Walk): Evaluation {
    walk.trace?.leaf('serve', 'variant', true, `Serves variant "${this.constant.variant}".`);
    return this.constant;
  }
}

class SplitServe implements Stage {
  readonly #split: Split;
  readonly #outcomes: readonly Evaluation[];
  /** Undefined: the next rule. */
  readonly #miss: Evaluation | undefined;

  constructor(split: Split, outcomes: readonly Evaluation[], miss: Evaluation | undefined) {
    this.#split = split;
    this.#outcomes = outcomes;
    this.#miss = miss;
  }

  answer(walk: Walk): Evaluation | undefined {
    const step = walk.trace?.open('split', 'split');
    const entry = this.#split.entry(walk);
    const answer = entry === MISS ? this.#miss : this.#outcomes[entry];
    if (step !== undefined) walk.trace?.close(step, entry !== MISS, splitMessage(entry, answer));
    return answer;
  }
}

function splitMessage(entry: number, answer: Evaluation | undefined): string {
  if (entry !== MISS) return `Entry ${entry} holds the subject and serves variant "${answer?.variant}".`;
  if (answer === undefined) return 'No entry holds the subject; the next rule is tried.';
  if (answer.variant !== undefined)
    return `No entry holds the subject; variant "${answer.variant}" is served instead.`;
  return `No entry holds the subject; ${answer.reason === 'ERROR' ? 'an error' : "the caller's default"} is answered.`;
}

/** Answers undefined after it reported why there is none. */
export function compileServe(
  serve: ServeDefinition | undefined,
  site: ServeSite,
  answers: Answers,
  scope: Scope,
): Stage | undefined {
  if (serve?.variant !== undefined && serve.split !== undefined) {
    scope.problems.add('BAD_OUTCOME', site.path, 'Either a variant or a split is served, not both.');
  }
  if (serve?.split !== undefined) return compileSplitServe(serve, serve.split, site, answers, scope);
  if (!serve?.variant) {
    scope.problems.add('MISSING_FIELD', site.path, 'A variant or a split to serve is needed.');
    return undefined;
  }
  const path = `${site.path}.variant`;
  return new VariantServe(answers.named(serve.variant, site.reason, site.ruleId, path, scope.problems));
}

function compileSplitServe(
  serve: ServeDefinition,
  definition: SplitDefinition,
  site: ServeSite,
  answers: Answers,
  scope: Scope,
): Stage | undefined {
  const path = `${site.path}.split`;
  const split = compileSplit(definition, path, scope);
  const outcomes = (definition.entries ?? []).map((entry, index) =>
    answers.named(entry.variant, 'SPLIT', site.ruleId, `${path}.entries[${index}].variant`, scope.problems),
  );
  const miss = missOutcome(serve, site, outcomes, answers, scope);
  return split && new SplitServe(split, outcomes, miss);
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
      return answers.named(
        serve.missVariant,
        'SPLIT',
        site.ruleId,
        `${site.path}.missVariant`,
        scope.problems,
      );
    case 'MISS_POLICY_LAST_ENTRY':
      return outcomes.at(-1);
    case 'MISS_POLICY_CODE_DEFAULT':
      return answers.known(undefined, 'DEFAULT', site.ruleId);
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
