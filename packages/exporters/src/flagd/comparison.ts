/**
 * Comparisons: an operator over an attribute, or over the elements of a list. What the table in the engine's operator.ts
 * says of absence, types and negation holds here too.
 */
import { type ComparisonDefinition, ENGINE_LIMITS, type JsonValue } from '@flagstream/engine';
import { type Attribute, attributeOf } from './attribute.ts';
import {
  and,
  ELEMENT,
  isList,
  isNumber,
  isScalar,
  isText,
  isTextOutside,
  isTextUpTo,
  type Logic,
  not,
  or,
  same,
  someElement,
} from './expression.ts';
import { Withheld } from './withheld.ts';

const ELEMENTS = ENGINE_LIMITS['contextItems']!;
const TEXT_CHARS = ENGINE_LIMITS['contextStringChars']!;
const SURROGATE = /[\ud800-\udfff]/;

interface OperatorForm {
  /** The name says "not". */
  readonly negative: boolean;
  readonly holds: (attribute: Attribute, values: readonly JsonValue[]) => Logic;
  /** Whether the operator can read a value that is no list. */
  readonly readable: (value: Logic) => Logic;
  /** Reads lists as they are, and nothing else. */
  readonly ofLists?: boolean;
}

const elementwise =
  (test: (values: readonly JsonValue[]) => Logic): OperatorForm['holds'] =>
  ({ value }, values) =>
    someElement(value, ELEMENTS, test(values));

const isBoundedText = (value: Logic): Logic => isTextUpTo(value, TEXT_CHARS, isTextOutside);

const equals = elementwise((values) => or(...values.map((operand) => same(ELEMENT, operand))));

const EQUALITY = { negative: false, holds: equals, readable: isScalar };

/** Any operand may match, so that only the weakest counts. */
function order(operator: string, pick: (...bounds: number[]) => number): OperatorForm {
  const holds = elementwise((values) =>
    and(isElementNumber(), { [operator]: [ELEMENT, pick(...(values as readonly number[]))] }),
  );
  return { negative: false, holds, readable: isNumber };
}

/** A list inside of a list is no number either. */
const isElementNumber = (): Logic => isNumber(ELEMENT);

function text(relation: (operand: string) => Logic): OperatorForm {
  const holds = elementwise((values) =>
    and(isTextUpTo(ELEMENT, TEXT_CHARS, isText), or(...values.map((operand) => relation(operand as string)))),
  );
  return { negative: false, holds, readable: isBoundedText };
}

/** The beginning of so many units; engines count what is beyond the basic plane in two ways. */
function endOfText(operand: string, taken: readonly Logic[]): Logic {
  if (SURROGATE.test(operand))
    throw new Withheld('operator', 'engines count the characters of such text differently');
  return operand === '' ? true : same({ substr: [ELEMENT, ...taken] }, operand);
}

const OPERATORS: ReadonlyMap<string, OperatorForm> = new Map<string, OperatorForm>([
  ['equals', EQUALITY],
  ['in', EQUALITY],
  ['notEquals', { ...EQUALITY, negative: true }],
  ['notIn', { ...EQUALITY, negative: true }],
  ['lt', order('<', Math.max)],
  ['lte', order('<=', Math.max)],
  ['gt', order('>', Math.min)],
  ['gte', order('>=', Math.min)],
  ['startsWith', text((operand) => endOfText(operand, [0, operand.length]))],
  ['endsWith', text((operand) => endOfText(operand, [-operand.length]))],
  ['contains', text((operand) => ({ in: [operand, ELEMENT] }))],
  ['arrayContainsAny', { negative: false, holds: equals, readable: () => false, ofLists: true }],
  [
    'arrayContainsAll',
    {
      negative: false,
      holds: (attribute, values) => and(...[...new Set(values)].map((value) => equals(attribute, [value]))),
      readable: () => false,
      ofLists: true,
    },
  ],
]);

const PRESENCE: ReadonlyMap<string, boolean> = new Map([
  ['exists', false],
  ['notExists', true],
]);

/** @throws Withheld */
export function comparisonLogic(comparison: ComparisonDefinition): Logic {
  const { operator = '', values = [], ignoreCase, missing } = comparison;
  const attribute = attributeOf(comparison.attribute, comparison.contextKind);
  if (ignoreCase) throw new Withheld('ignore-case', 'JSONLogic cannot ignore case');
  const negate = comparison.negate ?? false;
  const absence = PRESENCE.get(operator);
  if (absence !== undefined) return absence === negate ? attribute.present : not(attribute.present);
  const form = OPERATORS.get(operator);
  if (form === undefined || comparison.dialect)
    throw new Withheld('operator', `JSONLogic has nothing that answers as "${operator}"`);
  const list = isList(attribute.value);
  const matched = form.holds(attribute, values);
  const holds = and(attribute.present, form.ofLists === true ? and(list, matched) : matched);
  if (negate === form.negative) return holds;
  if (missing === 'MISSING_POLICY_NEGATE') return not(holds);
  return and(attribute.present, or(form.readable(attribute.value), list), not(holds));
}
