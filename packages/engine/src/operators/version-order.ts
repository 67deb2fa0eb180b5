/**
 * semverEquals, semverLt, semverLte, semverGt, semverGte: precedence of
 * Semantic Versioning 2.0.0. Build metadata does not count; a leading "v" and
 * surrounding spaces are accepted; all three numbers are needed.
 */
import type SemVer from 'semver/classes/semver.js';
import parse from 'semver/functions/parse.js';
import type { JsonValue } from '../model.ts';
import { anyElement } from './array-elements.ts';
import { type Operator, operator } from './operator.ts';

function versionOperator(name: string, relation: (order: number) => boolean): Operator {
  return operator(name, (values, options) => {
    const operands: SemVer[] = [];
    values.forEach((value, index) => {
      const version = typeof value === 'string' ? parse(value) : null;
      if (version === null) {
        options.report(
          index,
          'BAD_OPERAND',
          'An operand must be a semantic version, such as "1.4.0" or "2.0.0-rc.1".',
        );
      } else {
        operands.push(version);
      }
    });
    const test = (actual: JsonValue): boolean | undefined => {
      const version = typeof actual === 'string' ? parse(actual) : null;
      if (version === null) return undefined;
      for (const operand of operands) if (relation(version.compare(operand))) return true;
      return false;
    };
    return { test: anyElement(test), steps: 5 + operands.length };
  });
}

export const VERSION_OPERATORS: readonly Operator[] = [
  versionOperator('semverEquals', (order) => order === 0),
  versionOperator('semverLt', (order) => order < 0),
  versionOperator('semverLte', (order) => order <= 0),
  versionOperator('semverGt', (order) => order > 0),
  versionOperator('semverGte', (order) => order >= 0),
];
