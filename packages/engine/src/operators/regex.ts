/**
 * matches: RE2 syntax, found anywhere in the text, in time linear in it. A
 * backtracking engine would let one rule take a process down.
 */
import { RE2JS } from 're2js';
import { LIMITS } from '../limits.ts';
import type { JsonValue } from '../model.ts';
import {
  type CompiledOperator,
  type Matcher,
  type Operator,
  type OperatorOptions,
  operator,
} from './operator.ts';

/** One instruction over the longest input takes about this many ordinary steps. */
const STEPS_PER_INSTRUCTION = 10;

class RegexMatcher implements Matcher {
  readonly #expressions: readonly RE2JS[];

  constructor(expressions: readonly RE2JS[]) {
    this.#expressions = expressions;
  }

  matches(actual: JsonValue): boolean | undefined {
    if (typeof actual !== 'string' || actual.length > LIMITS.regexInputChars) return undefined;
    for (const expression of this.#expressions) if (expression.test(actual)) return true;
    return false;
  }
}

function compileRegex(pattern: string, index: number, options: OperatorOptions): RE2JS | undefined {
  if (pattern.length > LIMITS.regexChars) {
    options.report(
      index,
      'LIMIT_EXCEEDED',
      `An expression may have at most ${LIMITS.regexChars} characters.`,
    );
    return undefined;
  }
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(pattern, options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    options.report(index, 'BAD_REGEX', `The expression is not valid RE2 syntax: ${detail}.`);
    return undefined;
  }
  if (regex.programSize() > LIMITS.regexInstructions) {
    options.report(
      index,
      'LIMIT_EXCEEDED',
      `The expression needs ${regex.programSize()} instructions, at most ${LIMITS.regexInstructions} are allowed; shorten its repetitions.`,
    );
    return undefined;
  }
  return regex;
}

function compileMatches(values: readonly JsonValue[], options: OperatorOptions): CompiledOperator {
  const expressions: RE2JS[] = [];
  let steps = 1;
  values.forEach((value, index) => {
    if (typeof value !== 'string') {
      options.report(index, 'BAD_OPERAND', 'An operand must be a regular expression as a string.');
      return;
    }
    const regex = compileRegex(value, index, options);
    if (regex === undefined) return;
    expressions.push(regex);
    steps += regex.programSize() * STEPS_PER_INSTRUCTION;
  });
  return { matcher: new RegexMatcher(expressions), steps };
}

export const REGEX_OPERATORS: readonly Operator[] = [operator('matches', compileMatches, { textual: true })];
