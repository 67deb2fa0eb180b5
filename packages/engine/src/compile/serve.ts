/**
 * What a rule or the fallthrough serves: one variant, a split or a JSONLogic
 * expression with what follows when it serves nobody, or an ending without a
 * variant.
 *
 * Place on the path: the last step of a rule.
 */
import { type Evaluation, errorOf, type Reason } from '../evaluation.ts';
import { JsonLogicServe } from '../json-logic/json-logic-serve.ts';
import type { EnabledOverride, Ending, JsonValue, ServeDefinition, SplitDefinition } from '../model.ts';
import type { Trace } from '../trace.ts';
import type { Serve, Walk } from '../walk.ts';
import { type Answers, checkedOverride } from './answers.ts';
import type { Scope } from './scope.ts';
import { compileSplit, MISS, type Split } from './split.ts';

interface ServeSite {
  readonly path: string;
  /** "" at the fallthrough. */
  readonly ruleId: string;
  /** Reason of a plain variant. */
  readonly reason: Exclude<Reason, 'ERROR'>;
}

/** Where a serve stands, and what its answers report as enabled. */
interface OverriddenSite extends ServeSite {
  readonly enabledOverride: EnabledOverride | undefined;
}

const OUTCOMES = ['variant', 'split', 'jsonLogic', 'ending'] as const;

/** Answers the same to everybody. */
export class ConstantServe implements Serve {
  readonly constant: Evaluation;

  constructor(constant: Evaluation) {
    this.constant = constant;
  }

  answer(walk: Walk): Evaluation {
    if (walk.trace !== undefined) explainConstant(this.constant, walk.trace);
    return this.constant;
  }
}

export function explainConstant(constant: Evaluation, trace: Trace): void {
  trace.leaf('serve', servedMember(constant), true, constantMessage(constant));
}

function servedMember({ variant }: Evaluation): string {
  return variant === undefined ? 'ending' : 'variant';
}

function constantMessage({ variant, reason }: Evaluation): string {
  if (variant !== undefined) return `Serves variant "${variant}".`;
  return `Answers ${reason === 'ERROR' ? 'an error' : "the caller's default"}.`;
}

class SplitServe implements Serve {
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
  place: ServeSite,
  answers: Answers,
  scope: Scope,
): Serve | undefined {
  const given = OUTCOMES.filter((name) => serve?.[name] !== undefined);
  if (serve === undefined || given.length !== 1) {
    const what = given.length === 0 ? 'none' : given.join(', ');
    scope.problems.add(
      given.length === 0 ? 'MISSING_FIELD' : 'BAD_OUTCOME',
      place.path,
      `Exactly one of ${OUTCOMES.join(', ')} is served; given: ${what}.`,
    );
    return undefined;
  }
  const overridePath = `${place.path}.enabledOverride`;
  const enabledOverride = checkedOverride(serve.enabledOverride, overridePath, scope.problems);
  const site = { ...place, enabledOverride };
  if (serve.split !== undefined) return compileSplitServe(serve, serve.split, site, answers, scope);
  if (serve.ending !== undefined) return compileEnding(serve.ending, site, answers, scope);
  if (serve.jsonLogic !== undefined) {
    return compileJsonLogicServe(serve, serve.jsonLogic, site, answers, scope);
  }
  return new ConstantServe(answers.named(serve.variant, site, `${site.path}.variant`, scope.problems));
}

function compileEnding(
  ending: Ending,
  site: OverriddenSite,
  answers: Answers,
  scope: Scope,
): Serve | undefined {
  switch (ending) {
    case 'ENDING_CODE_DEFAULT':
      return new ConstantServe(answers.known(undefined, { ...site, reason: 'DEFAULT' }));
    case 'ENDING_ERROR':
      return new ConstantServe(
        errorOf(answers.facts, 'GENERAL', 'The flag is configured to answer an error.', site.ruleId),
      );
    default:
      scope.problems.add('NOT_BUILT', `${site.path}.ending`, 'This ending is not built into this engine.');
      return undefined;
  }
}

function compileSplitServe(
  serve: ServeDefinition,
  definition: SplitDefinition,
  place: OverriddenSite,
  answers: Answers,
  scope: Scope,
): Serve | undefined {
  const path = `${place.path}.split`;
  const site = { ...place, reason: 'SPLIT' } as const;
  const split = compileSplit(definition, path, scope);
  const outcomes = (definition.entries ?? []).map((entry, index) =>
    answers.named(entry.variant, site, `${path}.entries[${index}].variant`, scope.problems),
  );
  const miss = missOutcome(serve, site, outcomes.at(-1), answers, scope);
  return split && new SplitServe(split, outcomes, miss);
}

function compileJsonLogicServe(
  serve: ServeDefinition,
  expression: JsonValue,
  place: OverriddenSite,
  answers: Answers,
  scope: Scope,
): Serve | undefined {
  const site = { ...place, reason: 'TARGETING_MATCH' } as const;
  if (serve.onMiss === 'MISS_POLICY_LAST_ENTRY') {
    scope.problems.add('BAD_OUTCOME', `${site.path}.onMiss`, 'Only a split has a last entry.');
  }
  const compiled = scope.expression(expression, `${site.path}.jsonLogic`);
  const miss = missOutcome(serve, site, undefined, answers, scope);
  const variants = new Map<string, Evaluation>();
  for (const variant of answers.variants) variants.set(variant, answers.known(variant, site));
  return (
    compiled && new JsonLogicServe(compiled, { facts: answers.facts, ruleId: site.ruleId, variants, miss })
  );
}

/** What is answered when nothing is served; undefined: the next rule. */
function missOutcome(
  serve: ServeDefinition,
  site: OverriddenSite,
  last: Evaluation | undefined,
  answers: Answers,
  scope: Scope,
): Evaluation | undefined {
  switch (serve.onMiss) {
    case undefined:
    case 'MISS_POLICY_NEXT_RULE':
      return undefined;
    case 'MISS_POLICY_VARIANT':
      return answers.named(serve.missVariant, site, `${site.path}.missVariant`, scope.problems);
    case 'MISS_POLICY_LAST_ENTRY':
      return last;
    case 'MISS_POLICY_CODE_DEFAULT':
      return answers.known(undefined, { ...site, reason: 'DEFAULT' });
    case 'MISS_POLICY_ERROR':
      return errorOf(answers.facts, 'GENERAL', 'Nothing is served to the subject.', site.ruleId);
    default:
      scope.problems.add(
        'NOT_BUILT',
        `${site.path}.onMiss`,
        'This miss policy is not built into this engine.',
      );
      return undefined;
  }
}
