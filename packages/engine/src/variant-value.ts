/**
 * Values of variants: their kind, their size, and a frozen copy that the set
 * owns whatever the caller later does to its definition.
 *
 * Place on the path: compile of a flag.
 */
import { LIMITS } from './limits.ts';
import type { FlagKind, JsonValue } from './model.ts';

const VALUE_KINDS: readonly FlagKind[] = [
  'FLAG_KIND_BOOLEAN',
  'FLAG_KIND_STRING',
  'FLAG_KIND_NUMBER',
  'FLAG_KIND_OBJECT',
];

export function hasKind(value: JsonValue, kind: FlagKind): boolean {
  switch (kind) {
    case 'FLAG_KIND_BOOLEAN':
      return typeof value === 'boolean';
    case 'FLAG_KIND_STRING':
      return typeof value === 'string';
    case 'FLAG_KIND_NUMBER':
      return typeof value === 'number' && Number.isFinite(value);
    case 'FLAG_KIND_OBJECT':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'FLAG_KIND_ANY':
      return typeof value !== 'number' || Number.isFinite(value);
  }
}

/** The kind that an answer with this value is of: a flag of any kind answers each value's own. */
export function kindOfAnswer(kind: FlagKind, value: JsonValue | undefined): FlagKind {
  if (kind !== 'FLAG_KIND_ANY' || value === undefined) return kind;
  return VALUE_KINDS.find((own) => hasKind(value, own)) ?? kind;
}

/** "a boolean" and so on, for messages. */
export function kindName(kind: FlagKind): string {
  switch (kind) {
    case 'FLAG_KIND_BOOLEAN':
      return 'a boolean';
    case 'FLAG_KIND_STRING':
      return 'a string';
    case 'FLAG_KIND_NUMBER':
      return 'a finite number';
    case 'FLAG_KIND_OBJECT':
      return 'a JSON object';
    case 'FLAG_KIND_ANY':
      return 'a JSON value';
  }
}

/** A frozen copy, or undefined when the value is nested deeper than allowed. */
export function frozenCopy(value: JsonValue, depth: number = LIMITS.valueDepth): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return undefined;
  if (Array.isArray(value)) {
    const items: JsonValue[] = [];
    for (const item of value as readonly JsonValue[]) {
      const copy = frozenCopy(item, depth - 1);
      if (copy === undefined) return undefined;
      items.push(copy);
    }
    return Object.freeze(items);
  }
  const entries: [string, JsonValue][] = [];
  for (const [key, member] of Object.entries(value)) {
    const copy = frozenCopy(member, depth - 1);
    if (copy === undefined) return undefined;
    entries.push([key, copy]);
  }
  // fromEntries defines own properties, so a key "__proto__" stays data.
  return Object.freeze(Object.fromEntries(entries));
}

/** Whether all numbers in it are ones that JSON has; a literal such as 1e400 is read as infinity. */
export function hasFiniteNumbers(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(hasFiniteNumbers);
}

/** UTF-16 units of the value as JSON text. The value must not be deeper than frozenCopy allows. */
export function jsonChars(value: JsonValue): number {
  if (typeof value === 'boolean' || typeof value === 'number') return 8;
  return JSON.stringify(value).length;
}
