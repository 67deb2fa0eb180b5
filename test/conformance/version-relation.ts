// How our five version operators, taken together, order two texts: the attribute's against the operand's.

import { compileSet, type FlagUnit, type JsonValue } from '@flagstream/engine';

/** The operators that hold, for each relation. */
const RELATIONS: ReadonlyMap<string, string> = new Map([
  ['semverEquals semverLte semverGte', 'equal'],
  ['semverLt semverLte', 'less'],
  ['semverGt semverGte', 'greater'],
  ['', 'none'],
]);
const VERSION_OPERATORS = ['semverEquals', 'semverLt', 'semverLte', 'semverGt', 'semverGte'];

/**
 * "equal", "less" or "greater"; "none" when no operator holds; "operand refused" when the operand is no
 * version to us; otherwise the operators that contradict each other.
 */
export function versionRelation(attribute: JsonValue, operand: JsonValue): string {
  const { set, problems } = compileSet(
    VERSION_OPERATORS.map((operator) => comparison(operator, operand)),
    [],
  );
  if (problems.length > 0) {
    const ours = problems.filter((problem) => problem.code === 'BAD_OPERAND');
    return ours.length === VERSION_OPERATORS.length
      ? 'operand refused'
      : problems.map((p) => p.message).join(' ');
  }
  const holding = VERSION_OPERATORS.filter(
    (key) => set.evaluate(key, { version: attribute }, 0).value === true,
  );
  return RELATIONS.get(holding.join(' ')) ?? `both of ${holding.join(' and ')}`;
}

/** A flag that is named after its operator. */
function comparison(operator: string, operand: JsonValue): FlagUnit {
  return {
    key: operator,
    flag: {
      kind: 'FLAG_KIND_BOOLEAN',
      variants: [
        { key: 'on', value: true },
        { key: 'off', value: false },
      ],
    },
    config: {
      enabled: true,
      rules: [
        {
          id: 'holds',
          condition: { compare: { attribute: 'version', operator, values: [operand] } },
          serve: { variant: 'on' },
        },
      ],
      fallthrough: { variant: 'off' },
    },
  };
}
