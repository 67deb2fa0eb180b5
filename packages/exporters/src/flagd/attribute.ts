/**
 * Attributes as `var` reads them. Names that JSONLogic reads in another way than we do are withheld: with a dot we read
 * the literal key first, which `var` cannot, and engines find lengths and characters inside of text.
 */
import { ENGINE_LIMITS } from '@flagstream/engine';
import {
  and,
  branches,
  differs,
  isNumber,
  isTextOutside,
  isTextUpTo,
  type Logic,
  or,
  same,
  variable,
} from './expression.ts';
import { Withheld } from './withheld.ts';

const TARGETING_KEY = 'targetingKey';
const PROVIDED = '$flagd';
const READ_OTHERWISE = /[.\\/]|^$|^\d+$/;
const TEXT_CHARS = ENGINE_LIMITS['contextStringChars']!;

export interface Attribute {
  readonly value: Logic;
  /** Whether it is there at all; null is not, nor is an empty targeting key. */
  readonly present: Logic;
}

/** @throws Withheld */
export function attributeOf(name = '', contextKind = ''): Attribute {
  if (contextKind !== '')
    throw new Withheld('context-kind', `"${name}" is read from the context of kind "${contextKind}"`);
  const value = variable(pathOf(name));
  const present = differs(value, null);
  return isTargetingKey(name) ? { value, present: and(present, differs(value, '')) } : { value, present };
}

function isTargetingKey(name: string): boolean {
  return name === '' || name === TARGETING_KEY || name === `/${TARGETING_KEY}`;
}

function pathOf(name: string): string {
  if (isTargetingKey(name)) return TARGETING_KEY;
  const parts = name.startsWith('/') ? name.slice(1).split('/').map(unescaped) : [name];
  const nested = parts.length > 1;
  if (
    parts[0] === PROVIDED ||
    parts.some((part) => READ_OTHERWISE.test(part) || (nested && part === 'length'))
  )
    throw new Withheld('attribute', `JSONLogic reads "${name}" in another way`);
  return parts.join('.');
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Whether the attribute has a text that can be hashed: scalars have. */
export function hasText({ value, present }: Attribute): Logic {
  return and(
    present,
    or(isTextUpTo(value, TEXT_CHARS, isTextOutside), same(value, true), same(value, false), isNumber(value)),
  );
}

/** Of an attribute that has one. A number is joined as it is; Go's engine joins no boolean. */
export function textOf({ value }: Attribute): Logic {
  return branches(
    [
      [same(value, true), 'true'],
      [same(value, false), 'false'],
    ],
    value,
  );
}

/** Whether the attribute's text is listed. */
export function isListed({ value, present }: Attribute, texts: readonly string[]): Logic {
  if (texts.length === 0) return false;
  const others = texts.flatMap((text): Logic[] => {
    if (text === 'true' || text === 'false') return [same(value, text === 'true')];
    const number = Number(text);
    return Number.isFinite(number) && String(number) === text ? [same(value, number)] : [];
  });
  return and(present, or(and(isTextOutside(value), { in: [value, texts] }), ...others));
}
