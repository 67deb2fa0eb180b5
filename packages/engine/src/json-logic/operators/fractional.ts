/**
 * fractional: [bucketing value, [variant, weight], [variant, weight], ...].
 *
 * Divides subjects among variants by the hash of the bucketing value, or of the
 * flag's key and the targeting key where none is given. Malformed operands give
 * null, never an error.
 */
import { isJsonArray } from '../../json-array.ts';
import type { JsonObject, JsonValue } from '../../model.ts';
import { shown, type Trace } from '../../trace.ts';
import { constantValues } from '../compile-expression.ts';
import { type Distribution, readDistribution, variantAt } from '../distribution.ts';
import { Constant, type Expression, ListExpression, type Run } from '../expression.ts';
import type { FractionalDialect } from '../fractional-dialects.ts';
import { FLAGD_MEMBER, isObject, memberOf } from '../object-members.ts';
import type { ExpressionOperator } from '../operator-table.ts';

const NAME = 'fractional';

/** Entries that are written out, read at compile. */
class WrittenFractional implements Expression {
  readonly #dialect: FractionalDialect;
  /** Undefined: none is written. */
  readonly #bucketBy: Expression | undefined;
  readonly #distribution: Distribution | undefined;
  /** For a bucketing value that turns out to be an entry. */
  readonly #entries: readonly JsonValue[];

  constructor(dialect: FractionalDialect, bucketBy: Expression | undefined, entries: readonly JsonValue[]) {
    this.#dialect = dialect;
    this.#bucketBy = bucketBy;
    this.#entries = entries;
    this.#distribution = readDistribution(entries, dialect);
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const value = this.#bucketBy === undefined ? undefined : this.#bucketBy.evaluate(data, run);
    if (value !== undefined && isJsonArray(value)) {
      const distribution = readDistribution([value, ...this.#entries], this.#dialect);
      return choose(undefined, distribution, this.#dialect, data, run);
    }
    return choose(value, this.#distribution, this.#dialect, data, run);
  }
}

/** Entries that are expressions, or operands that are no list. */
class ComputedFractional implements Expression {
  readonly #dialect: FractionalDialect;
  readonly #argument: Expression;

  constructor(dialect: FractionalDialect, argument: Expression) {
    this.#dialect = dialect;
    this.#argument = argument;
  }

  evaluate(data: JsonValue, run: Run): JsonValue {
    const argument = this.#argument.evaluate(data, run);
    if (!isJsonArray(argument)) return null;
    run.spend(argument.length);
    const [first] = argument;
    const hasValue = first !== undefined && !isJsonArray(first);
    const distribution = readDistribution(hasValue ? argument.slice(1) : argument, this.#dialect);
    return choose(hasValue ? first : undefined, distribution, this.#dialect, data, run);
  }
}

/** The bucketing value is undefined where none is given. */
function choose(
  value: JsonValue | undefined,
  distribution: Distribution | undefined,
  dialect: FractionalDialect,
  data: JsonValue,
  run: Run,
): JsonValue {
  if (distribution === undefined || !isObject(data)) return null;
  const hash = hashOf(value, dialect, data, run);
  if (hash === undefined) return null;
  const place = dialect.place(hash, distribution.total);
  const variant = variantAt(distribution, place);
  if (run.walk.trace !== undefined) explain(run.walk.trace, distribution, place);
  return variant;
}

/** Undefined: there is nothing that can be hashed. */
function hashOf(
  value: JsonValue | undefined,
  dialect: FractionalDialect,
  data: JsonObject,
  run: Run,
): number | undefined {
  const isGiven =
    value !== undefined && (dialect.anyBucketingValue ? value !== null : typeof value === 'string');
  if (isGiven) return dialect.hash(value, run);
  if (value !== undefined && (value !== null || dialect.anyBucketingValue)) return undefined;
  const targetingKey = memberOf(data, 'targetingKey', run);
  if (typeof targetingKey !== 'string' || targetingKey === '') return undefined;
  return dialect.hashSubject(flagKeyOf(data, run), targetingKey, run);
}

/** Below the root, in a list's items, it is a member like any other. */
function flagKeyOf(data: JsonObject, run: Run): string {
  const provided = run.flagKeyOf(data);
  if (provided !== undefined) return provided;
  const flagd = memberOf(data, FLAGD_MEMBER, run);
  const flagKey = isObject(flagd) ? memberOf(flagd, 'flagKey', run) : null;
  return typeof flagKey === 'string' ? flagKey : '';
}

function explain(trace: Trace, { total, bounds }: Distribution, place: number): void {
  const isHeld = place < bounds.at(-1)!;
  const step = trace.leaf(
    'split',
    NAME,
    isHeld,
    `The subject's place is ${place}; the weights sum to ${total}.`,
  );
  step.actual = place;
  step.expected = shown(bounds);
}

/** The operator in one dialect. */
export function fractional(dialect: FractionalDialect): ExpressionOperator {
  return {
    name: NAME,
    compile(argument, compiler) {
      if (!isJsonArray(argument)) return new ComputedFractional(dialect, compiler.compile(argument));
      const operands = compiler.items(argument);
      const [first, ...rest] = operands;
      const entries = constantValues(rest);
      // A list is an entry, so one with expressions inside is an entry that is not written out.
      if (first === undefined || entries === undefined || first instanceof ListExpression) {
        return new ComputedFractional(dialect, new ListExpression(operands));
      }
      return first instanceof Constant && isJsonArray(first.value)
        ? new WrittenFractional(dialect, undefined, [first.value, ...entries])
        : new WrittenFractional(dialect, first, entries);
    },
  };
}
