/**
 * == === != !== < <= > >=
 *
 * Equality of different types compares numbers, and null equals null alone.
 * Two texts compare as texts: "10" is before "9". With three operands < <= >
 * and >= ask whether the second is between the others.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { Run } from '../expression.ts';
import { toComparable } from '../number-forms.ts';
import type { ExpressionOperator } from '../operator-table.ts';
import { isTextBefore } from '../text-forms.ts';
import { valueOperator } from '../value-operator.ts';

type Relation = (a: JsonValue, b: JsonValue, run: Run) => boolean;

const USAGE = 'takes a list of operands.';

function equals(a: JsonValue, b: JsonValue, run: Run): boolean {
  if (a === null || b === null) return a === b;
  if (typeof a === 'string' && typeof b === 'string') return sameText(a, b, run);
  return comparable(a, run) === comparable(b, run);
}

/** Long text is read to its end: it may be blank. */
function comparable(value: JsonValue, run: Run): number {
  if (typeof value === 'string') run.spendText(value.length);
  return toComparable(value);
}

function sameText(a: string, b: string, run: Run): boolean {
  if (a.length !== b.length) return false;
  run.spendText(a.length);
  return a === b;
}

/** Lists and objects equal nothing. */
function strictlyEquals(a: JsonValue, b: JsonValue, run: Run): boolean {
  if (typeof a === 'string' && typeof b === 'string') return sameText(a, b, run);
  return (typeof a !== 'object' || a === null) && a === b;
}

function before(a: JsonValue, b: JsonValue, run: Run): boolean {
  if (typeof a === 'string' && typeof b === 'string') {
    run.spendText(Math.min(a.length, b.length));
    return isTextBefore(a, b);
  }
  return comparable(a, run) < comparable(b, run);
}

function equality(name: string, relation: Relation, negated: boolean): ExpressionOperator {
  return valueOperator(
    name,
    USAGE,
    (argument, run, misuse) => {
      if (!isJsonArray(argument)) throw misuse;
      return (argument.length >= 2 && relation(argument[0]!, argument[1]!, run)) !== negated;
    },
    (a, b, run) => relation(a, b, run) !== negated,
  );
}

/** Unlike ==, does not fail without a list. */
function strictEquality(name: string, negated: boolean): ExpressionOperator {
  return valueOperator(
    name,
    USAGE,
    (argument, run) => {
      if (!isJsonArray(argument) || argument.length < 2) return negated;
      return strictlyEquals(argument[0]!, argument[1]!, run) !== negated;
    },
    (a, b, run) => strictlyEquals(a, b, run) !== negated,
  );
}

function order(name: string, relation: Relation): ExpressionOperator {
  return valueOperator(
    name,
    USAGE,
    (argument, run, misuse) => {
      if (!isJsonArray(argument)) throw misuse;
      if (argument.length < 2) return false;
      const holds = relation(argument[0]!, argument[1]!, run);
      return argument.length === 3 ? holds && relation(argument[1]!, argument[2]!, run) : holds;
    },
    relation,
  );
}

export const COMPARISON_OPERATORS: readonly ExpressionOperator[] = [
  equality('==', equals, false),
  equality('!=', equals, true),
  strictEquality('===', false),
  strictEquality('!==', true),
  order('<', before),
  order('<=', (a, b, run) => before(a, b, run) || equals(a, b, run)),
  order('>', (a, b, run) => before(b, a, run)),
  order('>=', (a, b, run) => before(b, a, run) || equals(a, b, run)),
];
