/**
 * One comparison: an attribute, an operator, its operands, and what absence
 * and negation mean.
 *
 * Place on the path: the leaf of most conditions. The table of outcomes stands
 * in operators/operator.ts.
 */
import { compileAttribute } from '../attribute-path.ts';
import { LIMITS } from '../limits.ts';
import type { ComparisonDefinition, JsonValue } from '../model.ts';
import { DIALECTS } from '../operators/dialects.ts';
import type { Operator, OperatorTest } from '../operators/operator.ts';
import { shown, type Trace } from '../trace.ts';
import type { ConditionTest } from '../walk.ts';
import type { Scope } from './scope.ts';

const NEVER: ConditionTest = () => false;

function findOperator(comparison: ComparisonDefinition, path: string, scope: Scope): Operator | undefined {
  const table = DIALECTS.get(comparison.dialect ?? '');
  if (table === undefined) {
    scope.problems.add(
      'NOT_BUILT',
      `${path}.dialect`,
      `The operator dialect "${comparison.dialect}" is not built into this engine.`,
    );
    return undefined;
  }
  if (!comparison.operator) {
    scope.problems.add(
      'MISSING_FIELD',
      `${path}.operator`,
      `An operator is needed, one of ${[...table.keys()].join(', ')}.`,
    );
    return undefined;
  }
  const operator = table.get(comparison.operator);
  if (operator === undefined) {
    scope.problems.add(
      'UNKNOWN_OPERATOR',
      `${path}.operator`,
      `"${comparison.operator}" is no operator; allowed are ${[...table.keys()].join(', ')}.`,
    );
  }
  return operator;
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
    scope.problems.add(
      'BAD_OPERAND',
      `${path}.ignoreCase`,
      `${operator.name} does not compare text, so case cannot be ignored.`,
    );
  }
  if (comparison.salts?.length) {
    scope.problems.add(
      'NOT_BUILT',
      `${path}.salts`,
      'Operators that compare hashed values are not built into this engine.',
    );
  }
  scope.problems.limit(`${path}.values`, 'Values of a comparison', values.length, LIMITS.listItems);
  values.forEach((value, index) => {
    if (typeof value === 'string') {
      scope.problems.limit(
        `${path}.values[${index}]`,
        'Characters of a value',
        value.length,
        LIMITS.operandChars,
      );
    }
  });
}

export function compileComparison(
  comparison: ComparisonDefinition,
  path: string,
  scope: Scope,
): ConditionTest {
  const read = compileAttribute(comparison.attribute ?? '', `${path}.attribute`, scope.problems);
  const operator = findOperator(comparison, path, scope);
  if (operator === undefined) return NEVER;
  checkOperands(comparison, operator, path, scope);
  const values = (comparison.values ?? []).slice(0, LIMITS.listItems);
  const { test, steps } = operator.compile(values, {
    ignoreCase: comparison.ignoreCase ?? false,
    report: (index, code, message) => scope.problems.add(code, `${path}.values[${index}]`, message),
  });
  scope.spend(steps);
  const negate = (comparison.negate ?? false) !== operator.negative;
  const negatesAbsence = operator.seesAbsence || comparison.missing === 'MISSING_POLICY_NEGATE';
  const whenUnread = negatesAbsence && negate;
  const explain = explainer(comparison, values, path);
  return (walk) => {
    const actual = read(walk.context);
    const matched = decide(test, actual, negate, whenUnread);
    if (walk.trace !== undefined) explain(walk.trace, actual, matched);
    return matched;
  };
}

function decide(
  test: OperatorTest,
  actual: JsonValue | undefined,
  negate: boolean,
  whenUnread: boolean,
): boolean {
  if (actual === undefined) return whenUnread;
  const result = test(actual);
  return result === undefined ? whenUnread : result !== negate;
}

type ComparisonExplainer = (trace: Trace, actual: JsonValue | undefined, matched: boolean) => void;

function explainer(
  comparison: ComparisonDefinition,
  values: readonly JsonValue[],
  path: string,
): ComparisonExplainer {
  return (trace, actual, matched) => {
    const attribute = comparison.attribute || 'targetingKey';
    const relation = `${comparison.negate ? 'not ' : ''}${comparison.operator}`;
    const holds = matched ? 'holds' : 'does not hold';
    const absent = actual === undefined ? `; the context has no ${attribute}` : '';
    const step = trace.leaf('condition', path, matched, `${attribute} ${relation}: ${holds}${absent}.`);
    if (values.length > 0) step.expected = shown(values);
    if (actual !== undefined) step.actual = actual;
  };
}
