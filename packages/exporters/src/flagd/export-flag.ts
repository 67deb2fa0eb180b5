/**
 * One flag as flagd's document has it, or why it is withheld.
 *
 * Holds true: whatever leaves here keeps to flagd's schema, since clients drop a whole document for one flag that does
 * not; and a client's engine gives the value and variant that ours gives. Its reason may differ: a flag that is off and
 * serves a variant is sent as ENABLED, as flagd's DISABLED has no value at all.
 */
import { type FlagUnit, isPlainName, type JsonObject, type JsonValue } from '@flagstream/engine';
import { differs, type Logic } from './expression.ts';
import { COMPILED_BYTES_MAX, type FlagPrograms, tooLarge } from './flag-program.ts';
import { usesFractional } from './foreign-logic.ts';
import { type Answer, type Outcome, type Program, write } from './program.ts';
import { Withheld, type WithheldFlag } from './withheld.ts';

/** The members that every client takes. */
export interface FlagdFlag {
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: JsonObject;
  /** "": none, which is the caller's default. */
  readonly defaultVariant: string;
  readonly targeting?: Logic;
  readonly metadata?: JsonObject;
}

export type ExportedFlag =
  | {
      readonly outcome: 'exported';
      readonly flagKey: string;
      /** The flag as JSON. */
      readonly json: string;
      /** Whether its answers depend on how an engine divides subjects. */
      readonly divides: boolean;
    }
  | ({ readonly outcome: 'withheld' } & WithheldFlag);

/** No variant of the flag has this name, which makes engines fail as the flag does. */
const NO_VARIANT = '!error';

/** @param setMetadata that of the flag's set; the flag's own comes before it */
export function exportFlag(unit: FlagUnit, programs: FlagPrograms, setMetadata: JsonObject): ExportedFlag {
  const { key: flagKey } = unit;
  try {
    const variants = variantsOf(unit);
    const flag = flagOf(mergedMetadata(setMetadata, unit.flag.metadata), variants, programs.of(unit));
    const json = JSON.stringify(flag);
    if (utf8Bytes(json) > COMPILED_BYTES_MAX) throw tooLarge();
    return { outcome: 'exported', flagKey, json, divides: usesFractional(flag.targeting ?? null) };
  } catch (error) {
    if (!(error instanceof Withheld)) throw error;
    return { outcome: 'withheld', flagKey, construct: error.construct, reason: error.message };
  }
}

/** A flag's own metadata over that of its set, which what is empty does not hide. */
export function mergedMetadata(set: JsonObject, own: JsonObject = {}): JsonObject {
  const told = Object.entries(own).filter(([name, value]) => value !== '' || !Object.hasOwn(set, name));
  return { ...set, ...Object.fromEntries(told) };
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Either half of a pair is two of its four bytes.
    if (unit < 0x80) bytes += 1;
    else bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

function variantsOf({ flag }: FlagUnit): JsonObject {
  const entries = (flag.variants ?? []).map(({ key, value = null }): [string, JsonValue] => [key, value]);
  if (entries.length === 0) throw new Withheld('variants', 'no variant: clients take no flag without one');
  const types = new Set(entries.map(([, value]) => typeOf(value)));
  if (types.has(undefined)) throw new Withheld('variant-value', 'a value that is null or a list');
  if (types.size > 1) throw new Withheld('variant-value', 'values of different types');
  if (entries.some(([key]) => key === NO_VARIANT))
    throw new Withheld('variant-name', `a variant "${NO_VARIANT}", which stands for an error here`);
  // Defines own members, whatever their names.
  return Object.fromEntries(entries);
}

function typeOf(value: JsonValue): string | undefined {
  return value === null || Array.isArray(value) ? undefined : typeof value;
}

function flagOf(about: JsonObject, variants: JsonObject, program: Program): FlagdFlag {
  const metadata = Object.keys(about).length > 0 ? { metadata: about } : {};
  const { otherwise } = program;
  const constant = otherwise.kind === 'answer' && !otherwise.isError ? otherwise : undefined;
  if (program.steps.length === 0 && constant !== undefined)
    return {
      // One that is on and serves none stays so: some engines answer what is off with an error.
      state: constant.variant === undefined && !constant.enabled ? 'DISABLED' : 'ENABLED',
      variants,
      defaultVariant: constant.variant ?? '',
      ...metadata,
    };
  // Null is the default variant: that of the fallthrough, unless something else answers none.
  const defaultVariant =
    constant?.variant !== undefined && !program.steps.some(({ outcome }) => mayServeNone(outcome))
      ? constant.variant
      : '';
  const own = ownLogic(program);
  if (own !== undefined)
    return withTargeting(
      { state: 'ENABLED', variants, defaultVariant: constant?.variant ?? '', ...metadata },
      own,
    );
  const targeting = write(program, (outcome) => servedBy(outcome, defaultVariant));
  return withTargeting({ state: 'ENABLED', variants, defaultVariant, ...metadata }, targeting);
}

/** Of a flag that is nothing but an expression with a default, as flagd's own are. */
function ownLogic({ steps, otherwise }: Program): Logic | undefined {
  const [only, ...more] = steps;
  if (only?.outcome.kind !== 'computed' || more.length > 0) return undefined;
  if (otherwise.kind !== 'answer' || otherwise.isError) return undefined;
  const { logic } = only.outcome;
  return JSON.stringify(only.when) === JSON.stringify(differs(logic, null)) ? logic : undefined;
}

/** An expression that came out as one name for everybody needs no evaluation. */
function withTargeting(flag: FlagdFlag, targeting: Logic): FlagdFlag {
  if (targeting === null) return flag;
  if (typeof targeting === 'object' && !Array.isArray(targeting)) return { ...flag, targeting };
  return { ...flag, targeting: { if: [true, targeting] } };
}

function mayServeNone(outcome: Outcome): boolean {
  if (outcome.kind === 'division') return outcome.shares.some(({ answer }) => mayServeNone(answer));
  return outcome.kind === 'answer' && !outcome.isError && outcome.variant === undefined;
}

function servedBy(outcome: Outcome, defaultVariant: string): Logic {
  if (outcome.kind === 'computed') return outcome.logic;
  if (outcome.kind === 'answer') return nameOf(outcome, defaultVariant);
  const entries = outcome.shares.map(({ answer, width }): Logic => [nameOf(answer, ''), width]);
  return { fractional: [outcome.bucketBy, ...entries] };
}

/** What an expression answers for a variant. */
function nameOf({ variant, isError }: Answer, defaultVariant: string): Logic {
  if (isError) return NO_VARIANT;
  if (variant === undefined || variant === defaultVariant) return null;
  if (!isPlainName(variant))
    throw new Withheld('variant-name', `the variant "${variant}", whose name flagd writes in another way`);
  return variant;
}
