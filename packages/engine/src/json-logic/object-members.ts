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
  const flagd = run.flagdOf(object) !== undefined;
  const names = firstNames(object, run).filter((name) => !(flagd && name === FLAGD_MEMBER));
  if (flagd) names.push(FLAGD_MEMBER);
  return names.length === 1 ? names[0] : undefined;
}

export function hasMembers(object: JsonObject, run: Run): boolean {
  return run.flagdOf(object) !== undefined || firstNames(object, run).length > 0;
}

/**
 * At most two names, found once: going through the names of a large object
 * takes long however few are looked at, and expressions ask again and again.
 */
function firstNames(object: JsonObject, run: Run): readonly string[] {
  let names = run.firstNames.get(object);
  if (names === undefined) {
    names = findFirstNames(object);
    run.firstNames.set(object, names);
  }
  return names;
}

function findFirstNames(object: JsonObject): readonly string[] {
  const names: string[] = [];
  for (const name in object) {
    if (!Object.hasOwn(object, name)) continue;
    names.push(name);
    if (names.length === 2) break;
  }
  return names;
}

export function membersOf(object: JsonObject, run: Run): [string, JsonValue][] {
  const flagd = run.flagdOf(object);
  const members = Object.entries(object);
  run.spend(members.length);
  if (flagd === undefined) return members;
  return [...members.filter(([name]) => name !== FLAGD_MEMBER), [FLAGD_MEMBER, flagd]];
}
