/**
 * One comparison: an attribute, an operator, its operands, and what absence
 * and negation mean.
 *
 * Place on the path: the leaf of most conditions. The table of outcomes stands
 * in operators/operator.ts.
 */
import type { AttributePath } from '../attribute-path.ts';
import { LIMITS } from '../limits.ts';
import type { ComparisonDefinition, JsonValue } from '../model.ts';
import { DIALECTS } from '../operators/dialects.ts';
import { EqualsOne } from '../operators/equality.ts';
import {
  applyOperator,
  type CompiledOperator,
  furtherValues,
  isLarge,
  type Matcher,
  type Operator,
} from '../operators/operator.ts';
import { shown, type Trace } from '../trace.ts';
import type { Condition, Walk } from '../walk.ts';
import { NEVER } from './fixed-condition.ts';
import type { CompiledComparison } from './part-pool.ts';
import type { Scope } from './scope.ts';

/** Longer lists are rarely alike, and their JSON is a long key. */
const FEW_VALUES = 8;

class Comparison implements Condition {
  readonly #attribute: AttributePath;
  readonly #operator: Operator;
  readonly #matcher: Matcher;
  /** The operands as written, for explanations. */
  readonly #values: readonly JsonValue[];
  readonly #negate: boolean;
  readonly #whenUnread: boolean;
  /** Of one short value. */
  readonly #steps: number;

  constructor(
    attribute: AttributePath,
    operator: Operator,
    { matcher, steps }: CompiledOperator,
    values: readonly JsonValue[],
    definition: ComparisonDefinition,
  ) {
    this.#steps = steps;
    this.#attribute = attribute;
    this.#operator = operator;
    this.#matcher = matcher;
    this.#values = values;
    this.#negate = isNegated(definition, operator);
    const negatesAbsence = operator.seesAbsence || definition.missing === 'MISSING_POLICY_NEGATE';
    this.#whenUnread = negatesAbsence && this.#negate;
  }

  holds(walk: Walk): boolean {
    const actual = this.#attribute.read(walk.context);
    // What compile has counted is for one short value.
    if (isLarge(actual)) walk.spend(this.#steps * furtherValues(this.#operator, actual!));
    const result = actual === undefined ? undefined : applyOperator(this.#operator, this.#matcher, actual);
    const matched = result === undefined ? this.#whenUnread : result !== this.#negate;
    if (walk.trace !== undefined) {
      const negated = this.#negate !== this.#operator.negative;
      const relation = `${negated ? 'not ' : ''}${this.#operator.name}`;
      explain(walk.trace, { attribute: this.#attribute, relation, values: this.#values }, actual, matched);
    }
    return matched;
  }
}

/**
 * Equality with one operand, not negated: what most comparisons are. It holds
 * its operand itself, which saves fetching matcher and list from memory.
 */
class OneValueComparison implements Condition, Matcher {
  readonly #attribute: AttributePath;
  readonly #operator: Operator;
  readonly #value: JsonValue;
  /** Length of a text: most texts differ in it already, without being fetched from memory. */
  readonly #chars: number;

  constructor(attribute: AttributePath, operator: Operator, value: JsonValue) {
    this.#attribute = attribute;
    this.#operator = operator;
    this.#value = value;
    this.#chars = typeof value === 'string' ? value.length : -1;
  }

  holds(walk: Walk): boolean {
    const actual = this.#attribute.read(walk.context);
    const matched =
      typeof actual === 'string'
        ? actual.length === this.#chars && actual === this.#value
        : holdsOfOther(this.#operator, this, actual, walk);
    if (walk.trace !== undefined) {
      const comparison = {
        attribute: this.#attribute,
        relation: this.#operator.name,
        values: [this.#value],
      };
      explain(walk.trace, comparison, actual, matched);
    }
    return matched;
  }

  matches(actual: JsonValue): boolean {
    return actual === this.#value;
  }
}

/** A function, since a private method would cost each comparison a word. */
function holdsOfOther(
  operator: Operator,
  matcher: Matcher,
  actual: JsonValue | undefined,
  walk: Walk,
): boolean {
  if (actual === undefined) return false;
  walk.spend(furtherValues(operator, actual));
  return applyOperator(operator, matcher, actual) === true;
}

interface ComparisonFacts {
  readonly attribute: AttributePath;
  readonly relation: string;
  readonly values: readonly JsonValue[];
}

function explain(
  trace: Trace,
  { attribute: { name }, relation, values }: ComparisonFacts,
  actual: JsonValue | undefined,
  matched: boolean,
): void {
  const holds = matched ? 'holds' : 'does not hold';
  const absent = actual === undefined ? `; the context has no ${name}` : '';
  const step = trace.leaf('condition', 'compare', matched, `${name} ${relation}: ${holds}${absent}.`);
  if (values.length > 0) step.expected = shown(values);
  if (actual !== undefined) step.actual = actual;
}

function isNegated(comparison: ComparisonDefinition, operator: Operator): boolean {
  return (comparison.negate ?? false) !== operator.negative;
}

/** Equal comparisons of a compile run are one object, unless they have problems, which are each reported. */
export function compileComparison(comparison: ComparisonDefinition, path: string, scope: Scope): Condition {
  const shape = isShareable(comparison) ? JSON.stringify(comparison) : undefined;
  const known = shape === undefined ? undefined : scope.pool.comparisons.get(shape);
  if (known !== undefined) {
    scope.spend(known.steps);
    return known.condition;
  }
  const problems = scope.problems.size;
  const compiled = compileAnew(comparison, path, scope);
  scope.spend(compiled.steps);
  if (shape !== undefined && scope.problems.size === problems) scope.pool.comparisons.set(shape, compiled);
  return compiled.condition;
}

function isShareable({ values = [] }: ComparisonDefinition): boolean {
  return values.length <= FEW_VALUES && values.every((value) => typeof value !== 'object');
}

function compileAnew(comparison: ComparisonDefinition, path: string, scope: Scope): CompiledComparison {
  const attribute = scope.attribute(comparison.attribute ?? '', `${path}.attribute`, comparison.contextKind);
  checkMissing(comparison, path, scope);
  const operator = findOperator(comparison, path, scope);
  if (operator === undefined) return { condition: NEVER, steps: 0 };
  checkOperands(comparison, operator, path, scope);
  const values = (comparison.values ?? []).slice(0, LIMITS.listItems);
  const compiled = operator.compile(values, {
    ignoreCase: comparison.ignoreCase ?? false,
    report: (index, code, message) => scope.problems.add(code, `${path}.values[${index}]`, message),
  });
  const { matcher, steps } = compiled;
  const condition =
    matcher instanceof EqualsOne && !isNegated(comparison, operator)
      ? new OneValueComparison(attribute, operator, matcher.operand)
      : new Comparison(attribute, operator, compiled, values, comparison);
  return { condition, steps };
}

function checkMissing({ missing }: ComparisonDefinition, path: string, scope: Scope): void {
  if (missing === undefined || missing === 'MISSING_POLICY_NO_MATCH' || missing === 'MISSING_POLICY_NEGATE') {
    return;
  }
  const message = 'A condition is true or false: a third truth value is not built into this engine.';
  scope.problems.add('NOT_BUILT', `${path}.missing`, message);
}

function findOperator(comparison: ComparisonDefinition, path: string, scope: Scope): Operator | undefined {
  const table = DIALECTS.get(comparison.dialect ?? '');
  if (table === undefined) {
    const message = `The operator dialect "${comparison.dialect}" is not built into this engine.`;
    scope.problems.add('NOT_BUILT', `${path}.dialect`, message);
    return undefined;
  }
  const operator = table.get(comparison.operator ?? '');
  if (operator !== undefined) return operator;
  const allowed = [...table.keys()].join(', ');
  if (!comparison.operator) {
    scope.problems.add('MISSING_FIELD', `${path}.operator`, `An operator is needed, one of ${allowed}.`);
  } else {
    const message = `"${comparison.operator}" is no operator; allowed are ${allowed}.`;
    scope.problems.add('UNKNOWN_OPERATOR', `${path}.operator`, message);
  }
  return undefined;
}

function checkOperands(
  comparison: ComparisonDefinition,
  operator: Operator,
  path: string,
  scope: Scope,
): void {
  const values = comparison.values ?? [];
  if (operator.operands && values.length === 0) {
    scope.problems.add('BAD_OPERAND', `${path}.values`, `${operator.name} needs at least one value.`);
  }
  if (!operator.operands && values.length > 0) {
    scope.problems.add('BAD_OPERAND', `${path}.values`, `${operator.name} takes no values.`);
  }
  if (comparison.ignoreCase && !operator.textual) {
    const message = `${operator.name} does not compare text, so case cannot be ignored.`;
    scope.problems.add('BAD_OPERAND', `${path}.ignoreCase`, message);
  }
  if (comparison.salts?.length) {
    const message = 'Operators that compare hashed values are not built into this engine.';
    scope.problems.add('NOT_BUILT', `${path}.salts`, message);
  }
  scope.problems.limit(`${path}.values`, 'Values of a comparison', values.length, LIMITS.listItems);
  values.forEach((value, index) => {
    if (typeof value === 'string' && value.length > LIMITS.operandChars) {
      scope.problems.limit(
        `${path}.values[${index}]`,
        'Characters of a value',
        value.length,
        LIMITS.operandChars,
      );
    }
  });
}
