/**
 * Members of JSON objects that come from outside: own properties only, so that
 * no name reaches a prototype, and `$flagd` where the data is the root.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import type { Run } from './expression.ts';

export const FLAGD_MEMBER = '$flagd';

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isJsonArray(value);
}

/** Null when there is no such member. */
export function memberOf(object: JsonObject, name: string, run: Run): JsonValue {
  if (name === FLAGD_MEMBER) {
    const flagd = run.flagdOf(object);
    if (flagd !== undefined) return flagd;
  }
  const value = object[name];
  if (value === undefined || value === null || !Object.hasOwn(object, name)) return null;
  return value;
}

/** The only member's name; undefined when there is none or more than one. */
export function onlyMember(object: JsonObject, run: Run): string | undefined {
  let found = run.flagdOf(object) === undefined ? undefined : FLAGD_MEMBER;
  for (const name in object) {
    if (name === found || !Object.hasOwn(object, name)) continue;
    if (found !== undefined) return undefined;
    found = name;
  }
  return found;
}

export function hasMembers(object: JsonObject, run: Run): boolean {
  if (run.flagdOf(object) !== undefined) return true;
  for (const name in object) if (Object.hasOwn(object, name)) return true;
  return false;
}

export function membersOf(object: JsonObject, run: Run): [string, JsonValue][] {
  const flagd = run.flagdOf(object);
  const members = Object.entries(object);
  run.spend(members.length);
  if (flagd === undefined) return members;
  return [...members.filter(([name]) => name !== FLAGD_MEMBER), [FLAGD_MEMBER, flagd]];
}
