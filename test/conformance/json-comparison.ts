// Verdicts on answers in JSON. The same are members in any order, 0 and -0, and a member that is undefined
// and one that is absent.

import { PASSED, type Verdict } from './suite.ts';

/** What JSON writes for the value, with the members of objects in alphabetical order. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => sorted(member)) ?? 'nothing';
}

export function sameJson(left: unknown, right: unknown): boolean {
  return canonicalText(left) === canonicalText(right);
}

export function compareJson(expected: unknown, actual: unknown): Verdict {
  if (sameJson(expected, actual)) return PASSED;
  return { kind: 'failed', expected: canonicalText(expected), actual: canonicalText(actual) };
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
