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
import { hashBehind, hashPrefix } from '../hash/murmur3-text.ts';
import { DEFAULT_BUCKETS, NATIVE_NORMALIZER, NORMALIZERS, type Normalizer } from '../hash/normalizers.ts';
import { NATIVE_STRINGIFIER, STRINGIFIERS, type Stringifier } from '../hash/stringifiers.ts';
import { UTF8_BYTES_PER_UNIT } from '../hash/utf8.ts';
import { LIMITS } from '../limits.ts';
import type { GateDefinition, GateMatchDefinition, JsonObject } from '../model.ts';
import { type Walk, WalkAbort } from '../walk.ts';

/** Up to here, hashing costs what compile has counted for a gate. */
const SHORT_CHARS = 64;
/** Characters of longer text that are hashed in the time of one step. */
const CHARS_PER_STEP = 4;
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
  holdout: string;
} {
  return {
    split: `${flagKey}.`,
    traffic: `${flagKey}.traffic.`,
    also: `${flagKey}.also.`,
    condition: `${flagKey}.condition.`,
    holdout: `${flagKey}.holdout.`,
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

/** The gate of a match: one that names an exclusion group shares that group's seed. */
export function completeMatchGate({ gate, group }: GateMatchDefinition, prefix: string): GateDefinition {
  // No flag's key has a slash, so no flag shares the seed by accident.
  return completeGate(gate, group ? `group/${group}.` : prefix);
}

/** What a gate's names stand for. */
export interface Arithmetic {
  readonly family: HashFamily;
  readonly encode: TextEncoding;
  readonly normalize: Normalizer;
  readonly stringify: Stringifier;
}

/** That of gates which name nothing else. */
export const NATIVE_ARITHMETIC: Arithmetic = Object.freeze({
  family: HASH_FAMILIES.get(NATIVE_HASH)!,
  encode: ENCODINGS.get(NATIVE_ENCODING)!,
  normalize: NORMALIZERS.get(NATIVE_NORMALIZER)!,
  stringify: STRINGIFIERS.get(NATIVE_STRINGIFIER)!,
});

/**
 * A gate without its prefix. Gates of many flags differ in nothing else, and
 * share their form.
 */
export class GateForm {
  readonly #attributes: readonly AttributePath[];
  /** Between the texts of all attributes; undefined: the first text alone. */
  readonly #separator: string | undefined;
  readonly #arithmetic: Arithmetic;
  readonly #suffix: string;
  readonly #seed: number;
  readonly #buckets: number;
  readonly #offset: number;
  /** Without a subject: a text in its place, a number, or what is thrown. */
  readonly #missing: string | number | WalkAbort;

  constructor(definition: GateDefinition, attributes: readonly AttributePath[], arithmetic: Arithmetic) {
    this.#attributes = attributes;
    this.#separator =
      definition.combine === 'GATE_COMBINE_JOIN_PRESENT' ? (definition.separator ?? '') : undefined;
    this.#arithmetic = arithmetic;
    this.#suffix = definition.suffix ?? '';
    this.#seed = definition.seed ?? 0;
    this.#buckets = definition.buckets ?? DEFAULT_BUCKETS;
    this.#offset = definition.offset ?? 0;
    this.#missing = this.#whenMissing(definition);
  }

  #whenMissing(definition: GateDefinition): string | number | WalkAbort {
    switch (definition.missing) {
      case 'GATE_MISSING_POLICY_ZERO':
        return this.#offset;
      case 'GATE_MISSING_POLICY_TEXT':
        return definition.missingText ?? '';
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

  /** Whether a subject's number is that of the native arithmetic over nothing but prefix and text. */
  get isPlain(): boolean {
    return this.#arithmetic === NATIVE_ARITHMETIC && this.#suffix === '';
  }

  get seed(): number {
    return this.#seed;
  }

  /** The text to hash, or a number in its place. */
  subject(walk: Walk): string | number {
    const text = this.#subject(walk.context) ?? this.#missing;
    if (typeof text === 'string') {
      if (text.length > SHORT_CHARS) walk.spend(text.length / CHARS_PER_STEP);
      return text;
    }
    if (typeof text === 'number') return text;
    throw text;
  }

  /** The number of a hash, in the gate's space. */
  place(hash: number): number {
    return this.#arithmetic.normalize(hash, this.#buckets) + this.#offset;
  }

  /** What is hashed; undefined: no attribute has a text that is not too long. */
  #subject(context: JsonObject): string | undefined {
    return this.#separator === undefined
      ? this.#firstText(context)
      : this.#joinedTexts(context, this.#separator);
  }

  #firstText(context: JsonObject): string | undefined {
    const attributes = this.#attributes;
    for (let i = 0; i < attributes.length; i += 1) {
      const text = this.#textOf(attributes[i]!, context);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  #joinedTexts(context: JsonObject, separator: string): string | undefined {
    const texts = this.#attributes.flatMap((attribute) => this.#textOf(attribute, context) ?? []);
    const text = texts.join(separator);
    return texts.length === 0 || text.length > LIMITS.contextStringChars ? undefined : text;
  }

  #textOf(attribute: AttributePath, context: JsonObject): string | undefined {
    const value = attribute.read(context);
    const text = value === undefined ? undefined : this.#arithmetic.stringify(value);
    return text !== undefined && text.length <= LIMITS.contextStringChars ? text : undefined;
  }

  hash(prefix: string, text: string): number {
    const { encode, family } = this.#arithmetic;
    let length = encode(prefix, scratch, 0);
    length = encode(text, scratch, length);
    if (this.#suffix !== '') length = encode(this.#suffix, scratch, length);
    return family(scratch, length, this.#seed);
  }
}

export interface Gate {
  /** The subject's number, or NOBODY. */
  number(walk: Walk): number;
}

/** A gate of any arithmetic. */
class GeneralGate implements Gate {
  readonly #form: GateForm;
  readonly #prefix: string;

  constructor(form: GateForm, prefix: string) {
    this.#form = form;
    this.#prefix = prefix;
  }

  number(walk: Walk): number {
    const text = this.#form.subject(walk);
    return typeof text === 'number' ? text : this.#form.place(this.#form.hash(this.#prefix, text));
  }
}

/** The native arithmetic, with the prefix hashed beforehand: a third of the time of most splits. */
class PlainGate implements Gate {
  readonly #form: GateForm;
  readonly #state: number;
  readonly #rest: number;
  readonly #prefixLength: number;

  constructor(form: GateForm, prefix: string) {
    const { state, rest, length } = hashPrefix(prefix, form.seed);
    this.#form = form;
    this.#state = state;
    this.#rest = rest;
    this.#prefixLength = length;
  }

  number(walk: Walk): number {
    const text = this.#form.subject(walk);
    if (typeof text === 'number') return text;
    return this.#form.place(hashBehind(this.#state, this.#rest, this.#prefixLength, text));
  }
}

export function makeGate(form: GateForm, prefix: string): Gate {
  return form.isPlain ? new PlainGate(form, prefix) : new GeneralGate(form, prefix);
}
