/**
 * startsWith, endsWith, contains: text against any of the operands. An empty
 * operand matches every text. Text longer than the limit counts as absent.
 */
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import {
  type CompiledOperator,
  type Matcher,
  type Operator,
  type OperatorOptions,
  operator,
} from './operator.ts';

type TextRelation = (text: string, operand: string) => boolean;

class TextMatcher implements Matcher {
  readonly #relation: TextRelation;
  readonly #operands: readonly string[];
  readonly #ignoreCase: boolean;

  constructor(relation: TextRelation, operands: readonly string[], ignoreCase: boolean) {
    this.#relation = relation;
    this.#operands = operands;
    this.#ignoreCase = ignoreCase;
  }

  matches(actual: JsonValue): boolean | undefined {
    if (typeof actual !== 'string' || actual.length > LIMITS.contextStringChars) return undefined;
    const text = this.#ignoreCase ? actual.toLowerCase() : actual;
    for (const operand of this.#operands) if (this.#relation(text, operand)) return true;
    return false;
  }
}

function compileText(
  relation: TextRelation,
  values: readonly JsonValue[],
  options: OperatorOptions,
): CompiledOperator {
  const operands: string[] = [];
  values.forEach((value, index) => {
    if (typeof value !== 'string') options.report(index, 'BAD_OPERAND', 'An operand must be a string.');
    else operands.push(options.ignoreCase ? value.toLowerCase() : value);
  });
  return { matcher: new TextMatcher(relation, operands, options.ignoreCase), steps: operands.length };
}

function textOperator(name: string, relation: TextRelation): Operator {
  return operator(name, (values, options) => compileText(relation, values, options), {
    textual: true,
    growsWithText: true,
  });
}

export const TEXT_OPERATORS: readonly Operator[] = [
  textOperator('startsWith', (text, operand) => text.startsWith(operand)),
  textOperator('endsWith', (text, operand) => text.endsWith(operand)),
  textOperator('contains', (text, operand) => text.includes(operand)),
];
