/**
 * cat substr starts_with ends_with
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { WalkAbort } from '../../walk.ts';
import type { Run } from '../expression.ts';
import { toInteger, toNumber } from '../number-forms.ts';
import type { ExpressionOperator } from '../operator-table.ts';
import { toText, trimBlanks } from '../text-forms.ts';
import { valueOperator } from '../value-operator.ts';

const SURROGATE = /[\ud800-\udfff]/;

/** Joined text loses the blanks at its ends; a single operand keeps them. */
function cat(argument: JsonValue, run: Run, misuse: WalkAbort): string {
  if (typeof argument === 'string') return argument;
  if (!isJsonArray(argument)) throw misuse;
  if (argument.length === 1) return toText(argument[0]!, misuse);
  run.spend(argument.length);
  let text = '';
  for (let i = 0; i < argument.length; i += 1) {
    text += toText(argument[i]!, misuse);
    run.checkText(text.length);
  }
  run.spendText(text.length);
  return trimBlanks(text);
}

function catPair(first: JsonValue, second: JsonValue, run: Run, misuse: WalkAbort): string {
  const text = toText(first, misuse) + toText(second, misuse);
  run.checkText(text.length);
  run.spendText(text.length);
  return trimBlanks(text);
}

/** Positions count code points; negative ones count from the end. */
function substr(argument: JsonValue, run: Run, misuse: WalkAbort): string {
  if (!isJsonArray(argument) || argument.length < 2) throw misuse;
  const text = toText(argument[0]!, misuse);
  run.spendText(text.length);
  const points = SURROGATE.test(text) ? Array.from(text) : undefined;
  const length = points?.length ?? text.length;
  const start = toInteger(toNumber(argument[1]!, misuse));
  const from = start < 0 ? length + start : start;
  if (from < 0 || from > length) return text;
  const taken = argument.length === 3 ? toInteger(toNumber(argument[2]!, misuse)) : length;
  const to = Math.min(taken < 0 ? length + taken : from + taken, length);
  if (to < from) throw misuse;
  return points === undefined ? text.slice(from, to) : points.slice(from, to).join('');
}

type TextTest = (text: string, part: string) => boolean;

/** Null unless there are exactly two operands and both are text. */
function textTest(name: string, test: TextTest): ExpressionOperator {
  const pair = (text: JsonValue, part: JsonValue, run: Run): boolean | null => {
    if (typeof text !== 'string' || typeof part !== 'string') return null;
    run.spendText(part.length);
    return test(text, part);
  };
  return valueOperator(
    name,
    'takes two texts.',
    (argument, run) =>
      isJsonArray(argument) && argument.length === 2 ? pair(argument[0]!, argument[1]!, run) : null,
    pair,
  );
}

export const TEXT_OPERATORS: readonly ExpressionOperator[] = [
  valueOperator('cat', 'takes texts, numbers and null.', cat, catPair),
  valueOperator(
    'substr',
    'takes a text, a start and perhaps a length, with the start before the end.',
    substr,
  ),
  textTest('starts_with', (text, part) => text.startsWith(part)),
  textTest('ends_with', (text, part) => text.endsWith(part)),
];
