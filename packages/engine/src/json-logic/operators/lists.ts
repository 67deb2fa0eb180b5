/**
 * map filter reduce all none some: a body applied to each item of a list.
 *
 * A list written in the expression is taken as it stands, without evaluating
 * its items; what is neither a list nor an expression counts as no list.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonValue } from '../../model.ts';
import type { WalkAbort } from '../../walk.ts';
import type { ExpressionCompiler } from '../compile-expression.ts';
import { Constant, type Expression, Failure, type Run } from '../expression.ts';
import { ListBody } from '../list-body.ts';
import { toNumber } from '../number-forms.ts';
import { isObject } from '../object-members.ts';
import { type ExpressionOperator, misuseOf } from '../operator-table.ts';
import { toText } from '../text-forms.ts';
import { isTrue } from '../truthiness.ts';

/** Answers from the list and its body; the data is what is around the list. */
type ListFunction = (
  items: readonly JsonValue[],
  body: ListBody,
  data: JsonValue,
  run: Run,
  misuse: WalkAbort,
) => JsonValue;

interface ListOperatorTraits {
  readonly name: string;
  readonly apply: ListFunction;
  /** Without a body; undefined: as without a list, or an error. */
  readonly whenShort?: JsonValue;
  /** Without a list. */
  readonly whenAbsent: JsonValue;
  /** Whether any false value, such as an empty list, counts as no list. */
  readonly falseIsAbsent: boolean;
}

function subjectOf(written: JsonValue, compiler: ExpressionCompiler): Expression {
  if (isObject(written)) return compiler.compile(written);
  return new Constant(isJsonArray(written) ? written : null);
}

class ListCall implements Expression {
  readonly #traits: ListOperatorTraits;
  readonly #subject: Expression;
  /** Undefined: not written, which is an error once there is a list. */
  readonly #body: ListBody | undefined;
  readonly #misuse: WalkAbort;

  constructor(
    traits: ListOperatorTraits,
    subject: Expression,
    body: ListBody | undefined,
    misuse: WalkAbort,
  ) {
    this.#traits = traits;
    this.#subject = subject;
    this.#body = body;
    this.#misuse = misuse;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const subject = this.#subject.evaluate(data, run);
    const { apply, whenAbsent, falseIsAbsent } = this.#traits;
    if (subject === null || (falseIsAbsent && !isTrue(subject, run))) return whenAbsent;
    const body = this.#body;
    if (!isJsonArray(subject) || body === undefined) throw this.#misuse;
    run.spend(subject.length);
    return apply(subject, body, data, run, this.#misuse);
  }
}

function listOperator(traits: ListOperatorTraits): ExpressionOperator {
  const misuse = misuseOf(traits.name, 'takes a list and an expression for its items.');
  return {
    name: traits.name,
    compile(argument, compiler) {
      if (!isJsonArray(argument)) return new Failure(misuse);
      const [subject, code] = argument;
      if (code === undefined && traits.whenShort !== undefined) return new Constant(traits.whenShort);
      if (subject === undefined) return new Failure(misuse);
      const body = code === undefined ? undefined : ListBody.compile(code, compiler);
      return new ListCall(traits, subjectOf(subject, compiler), body, misuse);
    },
  };
}

function filter(items: readonly JsonValue[], body: ListBody, data: JsonValue, run: Run): JsonValue {
  const filled = body.filledIn(data, run);
  return items.filter((item) => isTrue(filled.evaluate(item, run), run));
}

const all: ListFunction = (items, body, _data, run, misuse) => {
  for (const item of items) if (!isTrue(body.applyFilledIn(item, run, misuse), run)) return false;
  return true;
};

const some: ListFunction = (items, body, data, run, misuse) => {
  const filled = body.filledIn(data, run);
  for (const item of items) if (isTrue(filled.applyFilledIn(item, run, misuse), run)) return true;
  return false;
};

const none: ListFunction = (items, body, data, run, misuse) => {
  const filled = body.filledIn(data, run);
  for (const item of items) if (isTrue(filled.apply(item, run, misuse), run)) return false;
  return true;
};

const REDUCE_MISUSE = misuseOf(
  'reduce',
  'takes a list, an expression for its items, and a boolean, number or text to start from.',
);

/** The running value keeps the type it started with. */
class Reduce implements Expression {
  readonly #subject: Expression;
  readonly #body: ListBody;
  readonly #start: Expression;

  constructor(subject: Expression, body: ListBody, start: Expression) {
    this.#subject = subject;
    this.#body = body;
    this.#start = start;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const start = this.#start.evaluate(data, run);
    const keep = KEEPERS.get(typeof start);
    if (keep === undefined) throw REDUCE_MISUSE;
    const subject = this.#subject.evaluate(data, run);
    if (subject === null) return 0;
    if (!isJsonArray(subject)) throw REDUCE_MISUSE;
    const valueType = typeof start === 'boolean' ? 'bool' : typeof start;
    let accumulator = start;
    run.spend(subject.length);
    for (const current of subject) {
      if (current === null || current === undefined) continue;
      accumulator = keep(this.#body.apply({ current, accumulator, valueType }, run, REDUCE_MISUSE), run);
    }
    return accumulator;
  }
}

type Keeper = (value: JsonValue, run: Run) => JsonValue;

const KEEPERS: ReadonlyMap<string, Keeper> = new Map<string, Keeper>([
  ['boolean', isTrue],
  ['number', (value) => toNumber(value, REDUCE_MISUSE)],
  ['string', (value) => toText(value, REDUCE_MISUSE)],
]);

const reduce: ExpressionOperator = {
  name: 'reduce',
  compile(argument, compiler) {
    if (!isJsonArray(argument)) return new Failure(REDUCE_MISUSE);
    const [subject, body, start] = argument;
    if (subject === undefined || body === undefined || start === undefined) return new Constant(0);
    // Only an object is evaluated: a written list is no start.
    const from = isObject(start) ? compiler.compile(start) : new Constant(start);
    return new Reduce(subjectOf(subject, compiler), ListBody.compile(body, compiler), from);
  },
};

export const LIST_OPERATORS: readonly ExpressionOperator[] = [
  listOperator({ name: 'filter', apply: filter, whenShort: [], whenAbsent: [], falseIsAbsent: false }),
  listOperator({
    name: 'map',
    apply: (items, body, _data, run) => items.map((item) => body.evaluate(item, run)),
    whenShort: [],
    whenAbsent: [],
    falseIsAbsent: false,
  }),
  reduce,
  listOperator({ name: 'all', apply: all, whenAbsent: false, falseIsAbsent: true }),
  listOperator({ name: 'none', apply: none, whenAbsent: true, falseIsAbsent: true }),
  listOperator({ name: 'some', apply: some, whenAbsent: false, falseIsAbsent: true }),
];
