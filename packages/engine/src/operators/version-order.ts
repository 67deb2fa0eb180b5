/**
 * semverEquals, semverLt, semverLte, semverGt, semverGte: precedence of
 * Semantic Versioning 2.0.0. Build metadata does not count; a leading "v" and
 * surrounding spaces are accepted; all three numbers are needed.
 */
import type SemVer from 'semver/classes/semver.js';
import parse from 'semver/functions/parse.js';
import type { JsonValue } from '../model.ts';
import { type Matcher, type Operator, operator } from './operator.ts';

/** Reading a version of the greatest length takes about as long as this many ordinary steps. */
const PARSE_STEPS = 100;

type OrderRelation = (order: number) => boolean;

function versionOf(value: JsonValue): SemVer | null {
  return typeof value === 'string' ? parse(value) : null;
}

class VersionMatcher implements Matcher {
  readonly #relation: OrderRelation;
  readonly #operands: readonly SemVer[];

  constructor(relation: OrderRelation, operands: readonly SemVer[]) {
    this.#relation = relation;
    this.#operands = operands;
  }

  matches(actual: JsonValue): boolean | undefined {
    const version = versionOf(actual);
    if (version === null) return undefined;
    for (const operand of this.#operands) if (this.#relation(version.compare(operand))) return true;
    return false;
  }
}

function versionOperator(name: string, relation: OrderRelation): Operator {
  return operator(name, (values, options) => {
    const operands: SemVer[] = [];
    values.forEach((value, index) => {
      const version = versionOf(value);
      if (version !== null) operands.push(version);
      else
        options.report(
          index,
          'BAD_OPERAND',
          'An operand must be a semantic version, such as "1.4.0" or "2.0.0-rc.1".',
        );
    });
    return { matcher: new VersionMatcher(relation, operands), steps: PARSE_STEPS + operands.length };
  });
}

export const VERSION_OPERATORS: readonly Operator[] = [
  versionOperator('semverEquals', (order) => order === 0),
  versionOperator('semverLt', (order) => order < 0),
  versionOperator('semverLte', (order) => order <= 0),
  versionOperator('semverGt', (order) => order > 0),
  versionOperator('semverGte', (order) => order >= 0),
];
