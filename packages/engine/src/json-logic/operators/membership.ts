/**
 * in merge contains_all contains_any contains_none
 *
 * "in" looks for text in text, or for a value in a list. A number is also found
 * as text, and a list inside the list is a range: [from, to], ends included.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { WalkAbort } from '../../walk.ts';
import type { ExpressionCompiler } from '../compile-expression.ts';
import type { Expression, Run } from '../expression.ts';
import { toNumber } from '../number-forms.ts';
import { isObject } from '../object-members.ts';
import { type ExpressionOperator, misuseOf } from '../operator-table.ts';
import { valueOperator } from '../value-operator.ts';

const IN_MISUSE = misuseOf(
  'in',
  'takes a text to find in a text, or a value to find in a list of values it can be compared with.',
);

function isIn(sought: JsonValue, place: JsonValue, run: Run): boolean {
  if (typeof place === 'string') {
    if (typeof sought !== 'string') throw IN_MISUSE;
    run.spendText(place.length);
    return place.includes(sought);
  }
  if (!isJsonArray(place)) return false;
  run.spend(place.length);
  for (const element of place) if (isMatch(sought, element)) return true;
  return false;
}

function isMatch(sought: JsonValue, element: JsonValue): boolean {
  if (isJsonArray(element)) return isInRange(sought, element);
  if (typeof sought === 'number') return toNumber(element, IN_MISUSE) === sought;
  if (isObject(sought) && isObject(element)) throw IN_MISUSE;
  return sought === element;
}

function isInRange(sought: JsonValue, range: readonly JsonValue[]): boolean {
  if (range.length < 2) throw IN_MISUSE;
  const number = toNumber(sought, IN_MISUSE);
  return number >= toNumber(range[0]!, IN_MISUSE) && toNumber(range[1]!, IN_MISUSE) >= number;
}

/** "in" a written list of texts, where text is looked up at once. */
class InTexts implements Expression {
  readonly #sought: Expression;
  readonly #texts: ReadonlySet<JsonValue>;
  readonly #list: readonly JsonValue[];

  constructor(sought: Expression, list: readonly JsonValue[]) {
    this.#sought = sought;
    this.#list = list;
    this.#texts = new Set(list);
  }

  evaluate(data: JsonValue, run: Run): boolean {
    const sought = this.#sought.evaluate(data, run);
    return typeof sought === 'string' ? this.#texts.has(sought) : isIn(sought, this.#list, run);
  }
}

/** Shorter lists are searched as fast. */
const LOOKED_UP_TEXTS = 8;

const inAny = valueOperator(
  'in',
  'takes a value and where to find it.',
  (argument, run) => {
    if (!isJsonArray(argument) || argument.length === 0) throw IN_MISUSE;
    return isIn(argument[0]!, argument[1] ?? null, run);
  },
  isIn,
);

const inOperator: ExpressionOperator = {
  name: 'in',
  compile(argument, compiler) {
    return compileLookup(argument, compiler) ?? inAny.compile(argument, compiler);
  },
};

function compileLookup(argument: JsonValue, compiler: ExpressionCompiler): Expression | undefined {
  if (!isJsonArray(argument) || argument.length !== 2) return undefined;
  const [sought, list] = argument;
  if (!isJsonArray(list!) || list.length < LOOKED_UP_TEXTS) return undefined;
  if (!list.every((text) => typeof text === 'string')) return undefined;
  // Counts it.
  compiler.compile(list);
  return new InTexts(compiler.compile(sought!), list);
}

function merge(argument: JsonValue, run: Run, misuse: WalkAbort): JsonValue {
  if (argument === null || isObject(argument)) throw misuse;
  if (!isJsonArray(argument)) return [argument];
  const merged: JsonValue[] = [];
  for (const part of argument) {
    run.spend(1);
    if (!isJsonArray(part)) {
      merged.push(part);
      continue;
    }
    run.spend(part.length);
    for (const item of part) merged.push(item);
  }
  return merged;
}

type Quantity = (sought: readonly JsonValue[], isFound: (value: JsonValue) => boolean) => boolean;

/** `otherwise`: without exactly two lists. */
function containment(name: string, otherwise: boolean, quantity: Quantity): ExpressionOperator {
  return valueOperator(
    name,
    'takes two lists of values that are not lists or objects.',
    (argument, run, misuse) => {
      if (!isJsonArray(argument) || argument.length !== 2) return otherwise;
      const [place = null, sought = null] = argument;
      if (!isJsonArray(place) || !isJsonArray(sought)) return otherwise;
      run.spend(sought.length);
      return quantity(sought, (value) => {
        run.spend(place.length);
        return place.some((item) => isSame(item, value, misuse));
      });
    },
  );
}

function isSame(a: JsonValue, b: JsonValue, misuse: WalkAbort): boolean {
  const nested = typeof a === 'object' && a !== null && typeof b === 'object' && b !== null;
  if (nested && isJsonArray(a) === isJsonArray(b)) throw misuse;
  return a === b;
}

export const MEMBERSHIP_OPERATORS: readonly ExpressionOperator[] = [
  inOperator,
  valueOperator('merge', 'takes a list.', merge),
  containment('contains_all', false, (sought, isFound) => sought.every(isFound)),
  containment('contains_any', false, (sought, isFound) => sought.some(isFound)),
  containment('contains_none', true, (sought, isFound) => !sought.some(isFound)),
];
