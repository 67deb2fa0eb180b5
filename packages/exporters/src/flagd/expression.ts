/**
 * Pieces of JSONLogic that answer the same in every engine of flagd's, whatever the context holds.
 *
 * JSONLogic has no test of a type, and engines fail on what they cannot convert: Node's compares no object, Go's joins no
 * boolean. So each piece asks what both can be asked before it asks for more. Nothing of flagd's own (starts_with,
 * fractional) stands inside `reduce`, where Node's engine cannot run it.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';

export type Logic = JsonValue;

export const not = (logic: Logic): Logic => (typeof logic === 'boolean' ? !logic : { '!': [logic] });

/** False as soon as one is; what is always true is left out. */
export function and(...parts: readonly Logic[]): Logic {
  if (parts.includes(false)) return false;
  const open = parts.flatMap((part) => (part === true ? [] : (joined(part) ?? [part])));
  return open.length === 0 ? true : open.length === 1 ? open[0]! : { and: open };
}

/** What an `and` joins. */
function joined(logic: Logic): readonly Logic[] | undefined {
  if (typeof logic !== 'object' || logic === null || Array.isArray(logic)) return undefined;
  const parts = (logic as JsonObject)['and'];
  return Array.isArray(parts) ? parts : undefined;
}

export function or(...parts: readonly Logic[]): Logic {
  if (parts.includes(true)) return true;
  const open = parts.filter((part) => part !== false);
  return open.length === 0 ? false : open.length === 1 ? open[0]! : { or: open };
}

export const same = (a: Logic, b: Logic): Logic => ({ '===': [a, b] });
export const differs = (a: Logic, b: Logic): Logic => ({ '!==': [a, b] });
export const variable = (path: string): Logic => ({ var: path });

/** A branch for each pair of a condition and a value, else the last value; pairs that cannot hold are left out. */
export function branches(pairs: readonly (readonly [Logic, Logic])[], otherwise: Logic): Logic {
  const clauses: Logic[] = [];
  let last = otherwise;
  for (const [condition, value] of pairs) {
    if (condition === false) continue;
    if (condition === true) {
      last = value;
      break;
    }
    clauses.push(condition, value);
  }
  return clauses.length === 0 ? last : { if: [...clauses, last] };
}

/** Go's engine finds no list or object the same as itself. */
const isItself = (value: Logic): Logic => same(value, value);

/** A list's elements, or the value itself alone. */
const elementsOf = (value: Logic): Logic => ({ merge: [value] });

const isNoBoolean = (value: Logic): Logic => and(differs(value, true), differs(value, false));

/** Outside of `reduce` flagd's own operator tells. */
export const isTextOutside = (value: Logic): Logic => ({ starts_with: [value, ''] });

/** Neither boolean, null, list nor object: in Go nothing of these reaches `cat`, and Node's is only then the same. */
export function isText(value: Logic): Logic {
  return and(isNoBoolean(value), differs(value, null), isItself(value), same(value, { cat: [value] }));
}

/** Of a value that is no list, such as an element of one that holds none. */
const isNoObject = (value: Logic): Logic => differs({ cat: [value] }, '[object Object]');

/** Node's engine finds a list not among its own elements. */
const isNoList = (value: Logic): Logic => ({ in: [value, elementsOf(value)] });

export function isNumber(value: Logic): Logic {
  return and(
    isNoBoolean(value),
    differs(value, null),
    isItself(value),
    isNoList(value),
    isNoObject(value),
    differs(value, { cat: [value] }),
  );
}

/** Outside of `reduce`. */
export function isScalar(value: Logic): Logic {
  return or(same(value, true), same(value, false), isTextOutside(value), isNumber(value));
}

/**
 * Text, as `test` tells it, not longer than `chars` UTF-16 units. Where text has fewer, Java's engine answers "", the others
 * all of it; of what begins past its end, Java's would throw.
 */
export const isTextUpTo = (value: Logic, chars: number, test: (value: Logic) => Logic): Logic =>
  and(test(value), { in: [{ substr: [value, 0, chars] }, ['', value]] });

const ACCUMULATOR = variable('accumulator');
/** The element that a test inside `someElement` is about. */
export const ELEMENT: Logic = variable('current');

/**
 * Whether the value, or one of its first `most` elements where it is a list, passes a test of ELEMENT. The sum counts the
 * elements that did not; one that passes lifts it beyond all of them.
 */
export function someElement(value: Logic, most: number, test: Logic): Logic {
  const found = 2 * most;
  const step = branches(
    [
      [{ '>=': [ACCUMULATOR, most] }, ACCUMULATOR],
      [test, found],
    ],
    { '+': [ACCUMULATOR, 1] },
  );
  return same({ reduce: [elementsOf(value), step, 0] }, found);
}

/**
 * In Node's engine exactly a list. In Go's, where an object cannot be told from a list that holds one object or list
 * alone, both count as none.
 */
export function isList(value: Logic): Logic {
  const count: Logic = { '+': [ACCUMULATOR, branches([[isItself(ELEMENT), 2]], 1)] };
  const sum: Logic = { reduce: [elementsOf(value), count, 0] };
  return branches([[differs(value, value), differs(sum, 1)]], not(isNoList(value)));
}
