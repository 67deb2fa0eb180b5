/** An evaluation as the typed resolvers of flagd answer it. */
import type { Evaluation, JsonObject, JsonValue } from '@flagstream/engine';

/** Types that flagd's contracts ask for; each is a method of the service. */
export type ResolvedType = 'boolean' | 'string' | 'float' | 'int' | 'object';

export interface ResolvedTypes {
  readonly boolean: boolean;
  readonly string: string;
  readonly float: number;
  readonly int: bigint;
  readonly object: JsonObject;
}

/** By type: the value as that type, or undefined where it is of another. */
export const READERS: { readonly [T in ResolvedType]: (value: JsonValue) => ResolvedTypes[T] | undefined } = {
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  string: (value) => (typeof value === 'string' ? value : undefined),
  float: (value) => (typeof value === 'number' ? value : undefined),
  int: (value) => (typeof value === 'number' ? wholeNumber(value) : undefined),
  object: (value) => (isObject(value) ? value : undefined),
};

/** What stands for no value where a contract has no way to leave it out. */
export const ZEROS: ResolvedTypes = Object.freeze({
  boolean: false,
  string: '',
  float: 0,
  int: 0n,
  object: Object.freeze({}),
});

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** As flagd does: what is behind the point is left out. */
function wholeNumber(value: number): bigint | undefined {
  if (!Number.isFinite(value)) return undefined;
  const whole = BigInt(Math.trunc(value));
  return whole >= INT64_MIN && whole <= INT64_MAX ? whole : undefined;
}

/** A list is none to flagd, and its contract could not carry it. */
function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The caller's default stands. */
export function hasNoValue({ value, variant }: Evaluation): boolean {
  return value === undefined || variant === undefined;
}
