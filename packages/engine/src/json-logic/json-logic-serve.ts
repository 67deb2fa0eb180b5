/**
 * A serve whose variant is the result of a JSONLogic expression.
 *
 * Place on the path: the last step of a rule. What holds: every answer that has
 * a variant was made at compile.
 */
import { type Evaluation, errorOf, type FlagFacts } from '../evaluation.ts';
import type { JsonValue } from '../model.ts';
import type { Serve, Walk } from '../walk.ts';
import type { CompiledExpression } from './compiled-expression.ts';
import type { Run } from './expression.ts';
import { showResult } from './show-result.ts';
import { isPlainName, variantText } from './variant-text.ts';

/** Characters of a result in an error's message. */
const SHOWN_CHARS = 100;

/** What an expression's results are answered with. */
export interface ResultAnswers {
  readonly facts: FlagFacts;
  readonly ruleId: string;
  readonly variants: ReadonlyMap<string, Evaluation>;
  /** For null; undefined: the next rule. */
  readonly miss: Evaluation | undefined;
}

export class JsonLogicServe implements Serve {
  readonly #expression: CompiledExpression;
  readonly #answers: ResultAnswers;
  /** The variants that a result of the same text stands for: all but those with unusual names. */
  readonly #byText: ReadonlyMap<JsonValue, Evaluation>;

  constructor(expression: CompiledExpression, answers: ResultAnswers) {
    this.#expression = expression;
    this.#answers = answers;
    const names = [...answers.variants.keys()];
    this.#byText = names.every(isPlainName)
      ? answers.variants
      : new Map([...answers.variants].filter(([name]) => isPlainName(name)));
  }

  answer(walk: Walk): Evaluation | undefined {
    const step = walk.trace?.open('serve', 'jsonLogic');
    const run = this.#expression.run(walk.context, walk);
    const result = this.#expression.evaluate(run);
    const answer = this.#answerTo(result, run);
    if (step !== undefined) {
      const isServed = result !== null && answer?.variant !== undefined;
      walk.trace?.close(step, isServed, resultMessage(result, answer));
      showResult(step, result);
    }
    return answer;
  }

  #answerTo(result: JsonValue, run: Run): Evaluation | undefined {
    const { facts, ruleId, variants, miss } = this.#answers;
    if (result === null) return miss;
    const served = this.#byText.get(result);
    if (served !== undefined) return served;
    const name = variantText(result, run);
    const answer = name === undefined ? undefined : variants.get(name);
    return answer ?? errorOf(facts, 'GENERAL', unknownMessage(name), ruleId);
  }
}

function unknownMessage(name: string | undefined): string {
  if (name === undefined) return 'The JSONLogic expression answers something that is the name of no variant.';
  const shown = name.length > SHOWN_CHARS ? `${name.slice(0, SHOWN_CHARS)}...` : name;
  return `The JSONLogic expression answers "${shown}", which is no variant of the flag.`;
}

function resultMessage(result: JsonValue, answer: Evaluation | undefined): string {
  if (answer === undefined) return 'The JSONLogic result is null; the next rule is tried.';
  if (answer.errorMessage !== undefined) return answer.errorMessage;
  const served = answer.variant === undefined ? "the caller's default" : `variant "${answer.variant}"`;
  return `The JSONLogic result ${result === null ? 'is null and ' : ''}serves ${served}.`;
}
