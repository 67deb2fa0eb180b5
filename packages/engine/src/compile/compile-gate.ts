/**
 * From a gate's definition to the gate: its names are looked up, its numbers
 * checked.
 *
 * Place on the path: splits, traffic, and conditions.
 */
import { ENCODINGS } from '../hash/encodings.ts';
import { HASH_FAMILIES } from '../hash/hash-families.ts';
import { NORMALIZERS } from '../hash/normalizers.ts';
import { NATIVE_STRINGIFIER, STRINGIFIERS } from '../hash/stringifiers.ts';
import { LIMITS } from '../limits.ts';
import type { GateDefinition } from '../model.ts';
import { type Arithmetic, type Gate, GateForm, makeGate, NATIVE_ARITHMETIC } from './gate.ts';
import type { Scope } from './scope.ts';

const MAX_UINT32 = 2 ** 32 - 1;

/** The gate must be complete (completeGate). Answers undefined after it reported why there is none. */
export function compileGate(definition: GateDefinition, path: string, scope: Scope): Gate | undefined {
  scope.spend(5);
  const shape = JSON.stringify(definition);
  const known = scope.gates.get(shape);
  if (known !== undefined) return known;
  const problems = scope.problems.size;
  const { prefix = '', ...rest } = definition;
  checkText('prefix', prefix, path, scope);
  const form = sharedForm(rest, path, scope);
  // One with problems is compiled again where it stands again, so that each place is reported.
  if (form === undefined || scope.problems.size > problems) return undefined;
  const gate = makeGate(form, prefix);
  scope.gates.set(shape, gate);
  return gate;
}

/** Equal forms of a compile run are one object, unless they have problems, which are each reported. */
function sharedForm(definition: GateDefinition, path: string, scope: Scope): GateForm | undefined {
  const { gateForms } = scope.pool;
  const shape = JSON.stringify(definition);
  const known = gateForms.get(shape);
  if (known !== undefined) return known;
  const problems = scope.problems.size;
  const form = compileForm(definition, path, scope);
  if (form !== undefined && scope.problems.size === problems) gateForms.set(shape, form);
  return form;
}

function compileForm(definition: GateDefinition, path: string, scope: Scope): GateForm | undefined {
  const numbersAreGood = checkNumbers(definition, path, scope);
  const arithmetic = compileArithmetic(definition, path, scope);
  const names = definition.attributes?.length ? definition.attributes : [''];
  scope.problems.limit(`${path}.attributes`, 'Attributes of a gate', names.length, LIMITS.gateAttributes);
  const attributes = names
    .slice(0, LIMITS.gateAttributes)
    .map((name, index) => scope.attribute(name, `${path}.attributes[${index}]`, definition.contextKind));
  const missingIsGood = checkMissing(definition, path, scope);
  const combineIsGood = checkCombine(definition, path, scope);
  if (arithmetic === undefined || !numbersAreGood || !missingIsGood || !combineIsGood) return undefined;
  return new GateForm(definition, attributes, arithmetic);
}

function checkNumbers(definition: GateDefinition, path: string, scope: Scope): boolean {
  let good = true;
  for (const name of ['seed', 'buckets', 'offset'] as const) {
    const value = definition[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= MAX_UINT32)) {
      scope.problems.add(
        'BAD_GATE',
        `${path}.${name}`,
        `${name} must be a whole number from 0 to ${MAX_UINT32}.`,
      );
      good = false;
    }
  }
  for (const name of ['suffix', 'missingText', 'separator'] as const) {
    if (!checkText(name, definition[name] ?? '', path, scope)) good = false;
  }
  return good;
}

function checkText(name: string, text: string, path: string, scope: Scope): boolean {
  const isTooLong = text.length > LIMITS.gateTextChars;
  scope.problems.limit(`${path}.${name}`, `Characters of ${name}`, text.length, LIMITS.gateTextChars);
  return !isTooLong;
}

function checkCombine(definition: GateDefinition, path: string, scope: Scope): boolean {
  switch (definition.combine) {
    case 'GATE_COMBINE_JOIN_PRESENT':
      return true;
    case undefined:
    case 'GATE_COMBINE_FIRST_PRESENT':
      if (!definition.separator) return true;
      scope.problems.add('BAD_GATE', `${path}.separator`, 'Only joined attributes have a separator.');
      return false;
    default:
      scope.problems.add(
        'NOT_BUILT',
        `${path}.combine`,
        'This way to combine is not built into this engine.',
      );
      return false;
  }
}

function checkMissing(definition: GateDefinition, path: string, scope: Scope): boolean {
  switch (definition.missing) {
    case undefined:
    case 'GATE_MISSING_POLICY_NO_MATCH':
    case 'GATE_MISSING_POLICY_ZERO':
    case 'GATE_MISSING_POLICY_TEXT':
    case 'GATE_MISSING_POLICY_ERROR':
      return true;
    case 'GATE_MISSING_POLICY_RANDOM':
      scope.problems.add(
        'NOT_BUILT',
        `${path}.missing`,
        'A number drawn for each evaluation is not built: the engine is given no randomness, so that it answers alike everywhere.',
      );
      return false;
    default:
      scope.problems.add(
        'NOT_BUILT',
        `${path}.missing`,
        'This missing-value policy is not built into this engine.',
      );
      return false;
  }
}

function compileArithmetic(definition: GateDefinition, path: string, scope: Scope): Arithmetic | undefined {
  const { hash = '', encoding = '', normalizer = '', stringify: textForm = NATIVE_STRINGIFIER } = definition;
  const family = lookUp(HASH_FAMILIES, hash, 'hash family', `${path}.hash`, scope);
  const encode = lookUp(ENCODINGS, encoding, 'encoding', `${path}.encoding`, scope);
  const normalize = lookUp(NORMALIZERS, normalizer, 'normalizer', `${path}.normalizer`, scope);
  const stringify = lookUp(STRINGIFIERS, textForm, 'text form', `${path}.stringify`, scope);
  if (family === undefined || encode === undefined || normalize === undefined || stringify === undefined) {
    return undefined;
  }
  const found = { family, encode, normalize, stringify };
  const isNative = Object.entries(found).every(
    ([name, part]) => NATIVE_ARITHMETIC[name as keyof Arithmetic] === part,
  );
  return isNative ? NATIVE_ARITHMETIC : found;
}

/** Reports a name that the record gives and this build does not have. */
function lookUp<T>(
  table: ReadonlyMap<string, T>,
  name: string,
  what: string,
  path: string,
  scope: Scope,
): T | undefined {
  const found = table.get(name);
  if (found === undefined) {
    const known = [...table.keys()].map((key) => `"${key}"`).join(', ');
    scope.problems.add(
      'NOT_BUILT',
      path,
      `The ${what} "${name}" is not built into this engine; it has ${known}.`,
    );
  }
  return found;
}
