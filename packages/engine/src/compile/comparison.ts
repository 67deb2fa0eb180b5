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
import { applyOperator, type Matcher, type Operator } from '../operators/operator.ts';
import { shown, type Trace } from '../trace.ts';
import type { Condition, Walk } from '../walk.ts';
import { NEVER } from './fixed-condition.ts';
import type { Scope } from './scope.ts';

class Comparison implements Condition {
  readonly #attribute: AttributePath;
  readonly #operator: Operator;
  readonly #matcher: Matcher;
  /** The operands as written, for explanations. */
  readonly #values: readonly JsonValue[];
  readonly #negate: boolean;
  readonly #whenUnread: boolean;

  constructor(
    attribute: AttributePath,
    operator: Operator,
    matcher: Matcher,
    values: readonly JsonValue[],
    definition: ComparisonDefinition,
  ) {
    this.#attribute = attribute;
    this.#operator = operator;
    this.#matcher = matcher;
    this.#values = values;
    this.#negate = (definition.negate ?? false) !== operator.negative;
    const negatesAbsence = operator.seesAbsence || definition.missing === 'MISSING_POLICY_NEGATE';
    this.#whenUnread = negatesAbsence && this.#negate;
  }

  holds(walk: Walk): boolean {
    const actual = this.#attribute.read(walk.context);
    const result = actual === undefined ? undefined : applyOperator(this.#operator, this.#matcher, actual);
    const matched = result === undefined ? this.#whenUnread : result !== this.#negate;
    if (walk.trace !== undefined) this.#explain(walk.trace, actual, matched);
    return matched;
  }

  #explain(trace: Trace, actual: JsonValue | undefined, matched: boolean): void {
    const { name: attribute } = this.#attribute;
    const negated = this.#negate !== this.#operator.negative;
    const relation = `${attribute} ${negated ? 'not ' : ''}${this.#operator.name}`;
    const holds = matched ? 'holds' : 'does not hold';
    const absent = actual === undefined ? `; the context has no ${attribute}` : '';
    const step = trace.leaf('condition', 'compare', matched, `${relation}: ${holds}${absent}.`);
    if (this.#values.length > 0) step.expected = shown(this.#values);
    if (actual !== undefined) step.actual = actual;
  }
}

export function compileComparison(comparison: ComparisonDefinition, path: string, scope: Scope): Condition {
  const attribute = scope.attribute(comparison.attribute ?? '', `${path}.attribute`, comparison.contextKind);
  const operator = findOperator(comparison, path, scope);
  if (operator === undefined) return NEVER;
  checkOperands(comparison, operator, path, scope);
  const values = (comparison.values ?? []).slice(0, LIMITS.listItems);
  const { matcher, steps } = operator.compile(values, {
    ignoreCase: comparison.ignoreCase ?? false,
    report: (index, code, message) => scope.problems.add(code, `${path}.values[${index}]`, message),
  });
  scope.spend(steps);
  return new Comparison(attribute, operator, matcher, values, comparison);
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
