/**
 * Expressions that a configuration holds itself. They go through as they are, if flagd's schema has all of their
 * operators: an engine that checks the schema drops everything for one that it does not know.
 */
import type { JsonObject, JsonValue } from '@flagstream/engine';
import type { Logic } from './expression.ts';
import { Withheld } from './withheld.ts';

interface Arity {
  readonly min: number;
  readonly max: number;
}

const exactly = (count: number): Arity => ({ min: count, max: count });
const atLeast = (min: number): Arity => ({ min, max: Number.POSITIVE_INFINITY });

const ARITIES: ReadonlyMap<string, Arity> = new Map([
  ...['==', '===', '!=', '!==', '>', '>=', '%', '/', 'map', 'filter', 'all', 'none', 'some', 'in'].map(
    (name) => [name, exactly(2)] as const,
  ),
  ...['if', 'or', 'and', '+', '-', 'max', 'min', 'merge', 'cat'].map((name) => [name, atLeast(1)] as const),
  ...['<', '<=', 'substr'].map((name) => [name, { min: 2, max: 3 }] as const),
  ['*', atLeast(2)],
  ['reduce', exactly(3)],
  ['starts_with', exactly(2)],
  ['ends_with', exactly(2)],
]);
const TEXT_OPERATORS: ReadonlySet<string> = new Set(['starts_with', 'ends_with']);
const UNARY: ReadonlySet<string> = new Set(['!', '!!']);
const VERSION_RELATIONS: ReadonlySet<JsonValue> = new Set(['=', '!=', '>', '<', '>=', '<=', '~', '^']);
/** As the schema has it. */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;
const PROVIDED = /^\$flagd\.(?:timestamp|flagKey)$/;
const FRACTIONAL = 'fractional';
/** Dialects that flagd 0.16.1 itself and its newest engines share. */
const DIALECTS: ReadonlySet<string> = new Set(['', 'flagd']);

/** @throws Withheld unless the schema has it and it means the same there */
export function foreignLogic(logic: JsonValue, dialect = ''): Logic {
  check(logic);
  if (!DIALECTS.has(dialect) && usesFractional(logic))
    throw new Withheld('split-bucketing', `the dialect "${dialect}" divides subjects in another way`);
  return logic;
}

/** Whether some part of an expression divides subjects. */
export function usesFractional(logic: JsonValue): boolean {
  if (Array.isArray(logic)) return logic.some(usesFractional);
  if (!isObject(logic)) return false;
  return Object.entries(logic).some(([name, member]) => name === FRACTIONAL || usesFractional(member));
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function check(logic: JsonValue): void {
  // The schema takes a written list for a value, whatever it holds; so do engines for its items.
  if (Array.isArray(logic)) for (const item of logic) check(item);
  if (!isObject(logic)) return;
  const names = Object.keys(logic);
  const [name = ''] = names;
  if (names.length !== 1) refuse('an object that is no operator');
  const argument = logic[name]!;
  if (UNARY.has(name)) {
    if (Array.isArray(argument) && argument.length !== 1)
      refuse(`"${name}" with ${argument.length} operands`);
    check(argument);
    return;
  }
  const special = SPECIAL.get(name);
  if (special !== undefined) {
    special(argument);
    return;
  }
  const arity = ARITIES.get(name);
  if (arity === undefined) refuse(`the operator "${name}"`);
  if (!Array.isArray(argument)) refuse(`"${name}" without a list of operands`);
  const operands = argument as readonly JsonValue[];
  if (operands.length < arity!.min || operands.length > arity!.max)
    refuse(`"${name}" with ${operands.length} operands`);
  if (
    TEXT_OPERATORS.has(name) &&
    !operands.every((operand) => typeof operand === 'string' || isObject(operand))
  )
    refuse(`"${name}" of something else than text`);
  for (const operand of operands) check(operand);
}

const SPECIAL: ReadonlyMap<string, (argument: JsonValue) => void> = new Map([
  ['var', checkVariable],
  ['missing', checkNames],
  ['missing_some', checkMissingSome],
  ['sem_ver', checkVersions],
  [FRACTIONAL, checkFractional],
]);

function checkVariable(argument: JsonValue): void {
  const path = Array.isArray(argument) ? argument[0] : argument;
  if (typeof path !== 'string') refuse('"var" without a path');
  if ((path as string).startsWith('$flagd.') && !PROVIDED.test(path as string)) refuse(`"var" of "${path}"`);
  if (Array.isArray(argument) && (argument.length !== 2 || typeof argument[1] === 'object'))
    refuse('"var" with a default that is no scalar, or more');
}

function checkNames(argument: JsonValue): void {
  if (!Array.isArray(argument) || !argument.every((name) => typeof name === 'string'))
    refuse('"missing" of something else than names');
}

function checkMissingSome(argument: JsonValue): void {
  if (!Array.isArray(argument) || argument.length !== 2 || typeof argument[0] !== 'number')
    refuse('"missing_some" without a number and names');
  checkNames((argument as readonly JsonValue[])[1]!);
}

function checkVersions(argument: JsonValue): void {
  if (!Array.isArray(argument) || argument.length !== 3 || !VERSION_RELATIONS.has(argument[1]!))
    refuse('"sem_ver" without two versions and a relation');
  const [first, , second] = argument as readonly JsonValue[];
  for (const version of [first!, second!]) {
    if (isObject(version) && Object.keys(version).join() === 'var') checkVariable(version['var']!);
    else if (typeof version !== 'string' || !VERSION.test(version)) refuse('"sem_ver" of no whole version');
  }
}

function checkFractional(argument: JsonValue): void {
  if (!Array.isArray(argument) || argument.length === 0) refuse('"fractional" without entries');
  const [first, ...rest] = argument as readonly JsonValue[];
  if (isObject(first)) check(first);
  else if (!Array.isArray(first)) refuse('"fractional" by something that is no expression');
  for (const entry of Array.isArray(first) ? [first, ...rest] : rest) {
    if (!Array.isArray(entry) || entry.length < 1 || entry.length > 2)
      refuse('"fractional" with a malformed entry');
    const [variant, weight] = entry as readonly JsonValue[];
    check(variant!);
    if (isObject(weight)) check(weight);
    else if (weight !== undefined && !(Number.isInteger(weight) && (weight as number) >= 0))
      refuse('"fractional" with a weight that is no whole number');
  }
}

function refuse(what: string): never {
  throw new Withheld('json-logic', `${what}: flagd's schema does not have it`);
}
