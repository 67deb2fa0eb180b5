/**
 * Which "var"s of a list operator's body may have a value put in their place,
 * and whether it could make a difference.
 *
 * Place on the path: when a body is compiled.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import { isObject } from './object-members.ts';

export interface BodyVars {
  /** Paths of the vars that may be replaced. */
  readonly paths: readonly string[];
  /** Whether a path is the result of an expression. */
  readonly computed: boolean;
  /** Whether a scalar put in the place of a var gives what the var itself would have given. */
  readonly replaceable: boolean;
}

/** Operators that look at how their items are written. */
const LIST_OPERATORS: ReadonlySet<string> = new Set(['filter', 'map', 'reduce', 'all', 'none', 'some']);
/** Operators that look at whether their argument is written as a list. */
const BRANCH_OPERATORS: ReadonlySet<string> = new Set(['if', '?:', 'and', 'or']);

/** A path that is never replaced. */
export function isFixedPath(path: JsonValue): boolean {
  return typeof path === 'string' && (path === '' || path.startsWith('.'));
}

export function findVars(code: JsonValue): BodyVars {
  const paths = new Set<string>();
  const vars = { computed: false, replaceable: isObject(code) && !Object.hasOwn(code, 'var') };
  collect(code, paths, vars);
  return { paths: [...paths], computed: vars.computed, replaceable: vars.replaceable && !vars.computed };
}

function collect(
  code: JsonValue,
  paths: Set<string>,
  vars: { computed: boolean; replaceable: boolean },
): void {
  if (typeof code !== 'object' || code === null) return;
  if (isJsonArray(code)) {
    for (const item of code) collect(item, paths, vars);
    return;
  }
  for (const [name, member] of Object.entries(code)) {
    if (name !== 'var') collect(member, paths, vars);
    else if (typeof member !== 'string') vars.computed = true;
    else if (!isFixedPath(member)) paths.add(member);
  }
  if (dependsOnForm(code)) vars.replaceable = false;
}

function dependsOnForm(code: JsonObject): boolean {
  const names = Object.keys(code);
  const [name = ''] = names;
  if (names.length > 1 || LIST_OPERATORS.has(name)) return true;
  const argument = code[name];
  return BRANCH_OPERATORS.has(name) && !(argument !== undefined && isJsonArray(argument));
}
