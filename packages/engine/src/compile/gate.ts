/**
 * A gate turns a subject into a number; a gate match asks whether that number
 * lies in some ranges.
 *
 * Place on the path: splits, traffic, and conditions. What holds: every bound
 * policy becomes half-open ranges at compile, so the walk only asks
 * from <= n < to. -1 stands for "nobody".
 */
import { type AttributeReader, compileAttribute } from '../attribute-path.ts';
import { ENCODINGS, NATIVE_ENCODING } from '../hash/encodings.ts';
import { HASH_FAMILIES, type HashFamily, NATIVE_HASH } from '../hash/hash-families.ts';
import { NATIVE_NORMALIZER, NORMALIZERS } from '../hash/normalizers.ts';
import { NATIVE_STRINGIFIER, STRINGIFIERS, type Stringifier } from '../hash/stringifiers.ts';
import { UTF8_BYTES_PER_UNIT } from '../hash/utf8.ts';
import { LIMITS } from '../limits.ts';
import type { GateDefinition, GateMatchDefinition, JsonObject } from '../model.ts';
import { type ConditionTest, type Walk, WalkAbort } from '../walk.ts';
import { compileRanges } from './ranges.ts';
import type { Scope } from './scope.ts';

export const DEFAULT_BUCKETS = 100_000;
const MAX_UINT32 = 2 ** 32 - 1;
/** In no range. */
export const NOBODY = -1;

/** The subject's number, or NOBODY. */
export type Bucket = (walk: Walk) => number;

/** Shared by all gates: hashing is synchronous and calls nothing foreign. */
const scratch = new Uint8Array((LIMITS.contextStringChars + 2 * LIMITS.gateTextChars) * UTF8_BYTES_PER_UNIT);

/**
 * Writes out what an authored gate leaves to defaults, so that the record says
 * it all. A gate that names no hash and has no prefix, suffix or seed of its own gets
 * `prefix`, which keeps the subjects of different flags apart.
 */
export function completeGate(gate: GateDefinition | undefined, prefix: string): GateDefinition {
  const given = gate ?? {};
  const unseeded = !given.hash && !given.prefix && !given.suffix && !given.seed;
  return {
    ...given,
    ...(unseeded && { prefix }),
    hash: given.hash || NATIVE_HASH,
    encoding: given.encoding || NATIVE_ENCODING,
    normalizer: given.normalizer || NATIVE_NORMALIZER,
    buckets: given.buckets || DEFAULT_BUCKETS,
  };
}

/** Looks a name up that the record gives; reports those that this build does not have. */
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

function checkNumbers(gate: GateDefinition, path: string, scope: Scope): void {
  for (const name of ['seed', 'buckets', 'offset'] as const) {
    const value = gate[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= MAX_UINT32)) {
      scope.problems.add(
        'BAD_GATE',
        `${path}.${name}`,
        `${name} must be a whole number from 0 to ${MAX_UINT32}.`,
      );
    }
  }
  for (const name of ['prefix', 'suffix', 'missingText'] as const) {
    scope.problems.limit(
      `${path}.${name}`,
      `Characters of ${name}`,
      gate[name]?.length ?? 0,
      LIMITS.gateTextChars,
    );
  }
}

/** The gate must be complete (completeGate). */
export function compileGate(gate: GateDefinition, path: string, scope: Scope): Bucket {
  checkNumbers(gate, path, scope);
  const offset = gate.offset ?? 0;
  const kernel = compileKernel(gate, path, scope);
  const subject = compileSubject(gate, path, scope);
  const missing = compileMissing(gate, path, scope, kernel, offset);
  scope.spend(5);
  return (walk) => {
    const text = subject(walk.context);
    return text === undefined ? missing() : kernel(text) + offset;
  };
}

/** Text to number, without the offset. */
function compileKernel(gate: GateDefinition, path: string, scope: Scope): (text: string) => number {
  const family = lookUp<HashFamily>(HASH_FAMILIES, gate.hash ?? '', 'hash family', `${path}.hash`, scope);
  const encode = lookUp(ENCODINGS, gate.encoding ?? '', 'encoding', `${path}.encoding`, scope);
  const normalizer = lookUp(NORMALIZERS, gate.normalizer ?? '', 'normalizer', `${path}.normalizer`, scope);
  if (family === undefined || encode === undefined || normalizer === undefined) return () => NOBODY;
  const seed = gate.seed ?? 0;
  const normalize = normalizer(gate.buckets ?? DEFAULT_BUCKETS);
  const prefix = (gate.prefix ?? '').slice(0, LIMITS.gateTextChars);
  const suffix = (gate.suffix ?? '').slice(0, LIMITS.gateTextChars);
  const head = scratch.slice(0, encode(prefix, scratch, 0));
  return (text) => {
    scratch.set(head);
    let length = encode(text, scratch, head.length);
    if (suffix !== '') length = encode(suffix, scratch, length);
    return normalize(family(scratch, length, seed));
  };
}

/** The text of the first attribute that has one. */
function compileSubject(
  gate: GateDefinition,
  path: string,
  scope: Scope,
): (context: JsonObject) => string | undefined {
  const attributes = gate.attributes?.length ? gate.attributes : [''];
  scope.problems.limit(
    `${path}.attributes`,
    'Attributes of a gate',
    attributes.length,
    LIMITS.gateAttributes,
  );
  const readers = attributes
    .slice(0, LIMITS.gateAttributes)
    .map((attribute, index) => compileAttribute(attribute, `${path}.attributes[${index}]`, scope.problems));
  const stringify: Stringifier =
    lookUp(STRINGIFIERS, gate.stringify ?? NATIVE_STRINGIFIER, 'text form', `${path}.stringify`, scope) ??
    (() => undefined);
  const only = readers.length === 1 ? readers[0] : undefined;
  if (only !== undefined) return (context) => textOf(only, stringify, context);
  return (context) => {
    for (const reader of readers) {
      const text = textOf(reader, stringify, context);
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

function textOf(reader: AttributeReader, stringify: Stringifier, context: JsonObject): string | undefined {
  const value = reader(context);
  if (value === undefined) return undefined;
  const text = stringify(value);
  return text === undefined || text.length > LIMITS.contextStringChars ? undefined : text;
}

function compileMissing(
  gate: GateDefinition,
  path: string,
  scope: Scope,
  kernel: (text: string) => number,
  offset: number,
): () => number {
  switch (gate.missing) {
    case undefined:
    case 'GATE_MISSING_POLICY_NO_MATCH':
      return () => NOBODY;
    case 'GATE_MISSING_POLICY_ZERO':
      return () => offset;
    case 'GATE_MISSING_POLICY_TEXT': {
      const number = kernel((gate.missingText ?? '').slice(0, LIMITS.gateTextChars)) + offset;
      return () => number;
    }
    case 'GATE_MISSING_POLICY_ERROR': {
      const names = gate.attributes?.length ? gate.attributes.join(', ') : 'targetingKey';
      const abort = new WalkAbort(
        'TARGETING_KEY_MISSING',
        `The context has no usable ${names}, which a split needs.`,
      );
      return () => {
        throw abort;
      };
    }
    case 'GATE_MISSING_POLICY_RANDOM':
      scope.problems.add(
        'NOT_BUILT',
        `${path}.missing`,
        'A number drawn for each evaluation is not built: the engine is given no randomness, so that it answers alike everywhere.',
      );
      return () => NOBODY;
    default:
      scope.problems.add(
        'NOT_BUILT',
        `${path}.missing`,
        'This missing-value policy is not built into this engine.',
      );
      return () => NOBODY;
  }
}

/** A test whether the subject's number lies in the ranges. `prefix` seeds a gate that has no seed of its own. */
export function compileGateMatch(
  match: GateMatchDefinition,
  path: string,
  scope: Scope,
  prefix: string,
): ConditionTest {
  const gate = completeGate(match.gate, prefix);
  const bucket = compileGate(gate, `${path}.gate`, scope);
  if (!match.ranges?.length) {
    scope.problems.add('MISSING_FIELD', `${path}.ranges`, 'At least one range is needed.');
  }
  const bounds = compileRanges(match.ranges ?? [], gate, `${path}.ranges`, scope);
  const expected = (match.ranges ?? []).map((range) => [range.from ?? 0, range.to ?? 0]);
  return (walk) => {
    const number = bucket(walk);
    const matched = number !== NOBODY && inRanges(bounds, number);
    if (walk.trace !== undefined) {
      const step = walk.trace.leaf('gate', path, matched, bucketMessage(number, matched));
      step.expected = expected;
      if (number !== NOBODY) step.actual = number;
    }
    return matched;
  };
}

export function bucketMessage(number: number, matched: boolean): string {
  if (number === NOBODY) return 'The context has no value to hash, so the subject is in no range.';
  return `The subject's number ${number} is ${matched ? 'inside' : 'outside'} the ranges.`;
}

function inRanges(bounds: readonly number[], number: number): boolean {
  for (let i = 0; i < bounds.length; i += 2) {
    if (number >= bounds[i]! && number < bounds[i + 1]!) return true;
  }
  return false;
}
