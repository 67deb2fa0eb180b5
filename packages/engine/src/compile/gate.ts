/**
 * A gate turns a subject into a number.
 *
 * Place on the path: splits, traffic, and conditions. Families, encodings,
 * normalisers and text forms are found by name, so another system's arithmetic
 * is data here.
 */
import type { AttributePath } from '../attribute-path.ts';
import { ENCODINGS, NATIVE_ENCODING, type TextEncoding } from '../hash/encodings.ts';
import { HASH_FAMILIES, type HashFamily, NATIVE_HASH } from '../hash/hash-families.ts';
import { DEFAULT_BUCKETS, NATIVE_NORMALIZER, NORMALIZERS, type Normalizer } from '../hash/normalizers.ts';
import { NATIVE_STRINGIFIER, STRINGIFIERS, type Stringifier } from '../hash/stringifiers.ts';
import { UTF8_BYTES_PER_UNIT } from '../hash/utf8.ts';
import { LIMITS } from '../limits.ts';
import type { GateDefinition, JsonObject } from '../model.ts';
import { type Walk, WalkAbort } from '../walk.ts';
import type { Scope } from './scope.ts';

const MAX_UINT32 = 2 ** 32 - 1;
/** The number of a subject that no range holds. */
export const NOBODY = -1;

/** Shared by all gates: hashing is synchronous and calls nothing foreign. */
const scratch = new Uint8Array((LIMITS.contextStringChars + 2 * LIMITS.gateTextChars) * UTF8_BYTES_PER_UNIT);

/** Seeds of authored gates by their role: two gates of one flag must not share one unless told to. */
export function gatePrefixes(flagKey: string): {
  split: string;
  traffic: string;
  also: string;
  condition: string;
} {
  return {
    split: `${flagKey}.`,
    traffic: `${flagKey}.traffic.`,
    also: `${flagKey}.also.`,
    condition: `${flagKey}.condition.`,
  };
}

/**
 * Writes out what an authored gate leaves to defaults, so that the record says
 * it all. A gate that names no hash and has no prefix, suffix or seed of its
 * own gets `prefix`, which keeps the subjects of different flags apart.
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

interface Arithmetic {
  readonly family: HashFamily;
  readonly encode: TextEncoding;
  readonly normalize: Normalizer;
  readonly stringify: Stringifier;
}

export class Gate {
  readonly #attributes: readonly AttributePath[];
  readonly #arithmetic: Arithmetic;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #seed: number;
  readonly #buckets: number;
  readonly #offset: number;
  /** Without a subject: a number, or what is thrown. */
  readonly #missing: number | WalkAbort;

  constructor(definition: GateDefinition, attributes: readonly AttributePath[], arithmetic: Arithmetic) {
    this.#attributes = attributes;
    this.#arithmetic = arithmetic;
    this.#prefix = definition.prefix ?? '';
    this.#suffix = definition.suffix ?? '';
    this.#seed = definition.seed ?? 0;
    this.#buckets = definition.buckets ?? DEFAULT_BUCKETS;
    this.#offset = definition.offset ?? 0;
    this.#missing = this.#whenMissing(definition);
  }

  #whenMissing(definition: GateDefinition): number | WalkAbort {
    switch (definition.missing) {
      case 'GATE_MISSING_POLICY_ZERO':
        return this.#offset;
      case 'GATE_MISSING_POLICY_TEXT':
        return this.#numberOf(definition.missingText ?? '');
      case 'GATE_MISSING_POLICY_ERROR': {
        const names = this.#attributes.map((attribute) => attribute.name).join(', ');
        return new WalkAbort(
          'TARGETING_KEY_MISSING',
          `The context has no usable ${names}, which a split needs.`,
        );
      }
      default:
        return NOBODY;
    }
  }

  /** The subject's number, or NOBODY. */
  number(walk: Walk): number {
    const text = this.#subject(walk.context);
    if (text !== undefined) return this.#numberOf(text);
    if (typeof this.#missing === 'number') return this.#missing;
    throw this.#missing;
  }

  /** The text of the first attribute that has one. */
  #subject(context: JsonObject): string | undefined {
    const attributes = this.#attributes;
    for (let i = 0; i < attributes.length; i += 1) {
      const value = attributes[i]!.read(context);
      const text = value === undefined ? undefined : this.#arithmetic.stringify(value);
      if (text !== undefined && text.length <= LIMITS.contextStringChars) return text;
    }
    return undefined;
  }

  #numberOf(text: string): number {
    const { encode, family, normalize } = this.#arithmetic;
    let length = encode(this.#prefix, scratch, 0);
    length = encode(text, scratch, length);
    if (this.#suffix !== '') length = encode(this.#suffix, scratch, length);
    return normalize(family(scratch, length, this.#seed), this.#buckets) + this.#offset;
  }
}

const NATIVE_ARITHMETIC: Arithmetic = Object.freeze({
  family: HASH_FAMILIES.get(NATIVE_HASH)!,
  encode: ENCODINGS.get(NATIVE_ENCODING)!,
  normalize: NORMALIZERS.get(NATIVE_NORMALIZER)!,
  stringify: STRINGIFIERS.get(NATIVE_STRINGIFIER)!,
});

/** The gate must be complete (completeGate). Answers undefined after it reported why there is none. */
export function compileGate(definition: GateDefinition, path: string, scope: Scope): Gate | undefined {
  scope.spend(5);
  const shape = JSON.stringify(definition);
  const known = scope.gates.get(shape);
  if (known !== undefined) return known;
  const numbersAreGood = checkNumbers(definition, path, scope);
  const arithmetic = compileArithmetic(definition, path, scope);
  const names = definition.attributes?.length ? definition.attributes : [''];
  scope.problems.limit(`${path}.attributes`, 'Attributes of a gate', names.length, LIMITS.gateAttributes);
  const attributes = names
    .slice(0, LIMITS.gateAttributes)
    .map((name, index) => scope.attribute(name, `${path}.attributes[${index}]`));
  const missingIsGood = checkMissing(definition, path, scope);
  if (arithmetic === undefined || !numbersAreGood || !missingIsGood) return undefined;
  const gate = new Gate(definition, attributes, arithmetic);
  scope.gates.set(shape, gate);
  return gate;
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
  for (const name of ['prefix', 'suffix', 'missingText'] as const) {
    const length = definition[name]?.length ?? 0;
    scope.problems.limit(`${path}.${name}`, `Characters of ${name}`, length, LIMITS.gateTextChars);
    good &&= length <= LIMITS.gateTextChars;
  }
  return good;
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
