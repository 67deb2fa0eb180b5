/**
 * Dialects of JSONLogic by name: the operators that each has.
 *
 * Place on the path: found by the name that a configuration gives. They differ
 * in "fractional" alone.
 */
import type { ProblemList } from '../problem.ts';
import { FRACTIONAL_DIALECTS } from './fractional-dialects.ts';
import type { ExpressionOperator, OperatorTable } from './operator-table.ts';
import { ARITHMETIC_OPERATORS } from './operators/arithmetic.ts';
import { COMPARISON_OPERATORS } from './operators/comparison.ts';
import { DATA_ACCESS_OPERATORS } from './operators/data-access.ts';
import { fractional } from './operators/fractional.ts';
import { LIST_OPERATORS } from './operators/lists.ts';
import { LOGIC_OPERATORS } from './operators/logic.ts';
import { MEMBERSHIP_OPERATORS } from './operators/membership.ts';
import { semanticVersion } from './operators/semantic-version.ts';
import { TEXT_OPERATORS } from './operators/text.ts';

const DEFAULT_DIALECT = 'flagd';

const SHARED_OPERATORS: readonly ExpressionOperator[] = [
  ...LOGIC_OPERATORS,
  ...COMPARISON_OPERATORS,
  ...ARITHMETIC_OPERATORS,
  ...LIST_OPERATORS,
  ...MEMBERSHIP_OPERATORS,
  ...TEXT_OPERATORS,
  ...DATA_ACCESS_OPERATORS,
  semanticVersion,
];

const JSON_LOGIC_DIALECTS: ReadonlyMap<string, OperatorTable> = new Map(
  [...FRACTIONAL_DIALECTS].map(([name, dialect]) => [
    name,
    new Map([...SHARED_OPERATORS, fractional(dialect)].map((operator) => [operator.name, operator])),
  ]),
);

/** "" is the default dialect; reports a name that there is none of. */
export function findDialect(name: string, path: string, problems: ProblemList): OperatorTable | undefined {
  const table = JSON_LOGIC_DIALECTS.get(name || DEFAULT_DIALECT);
  if (table === undefined) {
    const allowed = [...JSON_LOGIC_DIALECTS.keys()].join(', ');
    const message = `The JSONLogic dialect "${name}" is not built into this engine; allowed are ${allowed}.`;
    problems.add('NOT_BUILT', path, message);
  }
  return table;
}
