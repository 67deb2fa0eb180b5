/**
 * The entries of a fractional: variants with their shares.
 *
 * Place on the path: read at compile where all entries are written out, else
 * at evaluation.
 */
import { isJsonArray } from '../json-array.ts';
import type { JsonValue } from '../model.ts';
import type { FractionalDialect } from './fractional-dialects.ts';

export interface Distribution {
  readonly variants: readonly JsonValue[];
  readonly total: number;
  /** Ends of the entries, ascending. */
  readonly bounds: readonly number[];
}

const WEIGHT_MAX = 2 ** 31 - 1;
const LEAST_INTEGER = -(2 ** 63);

/** Undefined: malformed, or all weights are 0; the fractional then answers null. */
export function readDistribution(
  entries: readonly JsonValue[],
  dialect: FractionalDialect,
): Distribution | undefined {
  const variants: JsonValue[] = [];
  const weights: number[] = [];
  let total = 0;
  for (const entry of entries) {
    const weight = isJsonArray(entry) ? weightOf(entry) : undefined;
    if (weight === undefined) return undefined;
    variants.push((entry as readonly JsonValue[])[0]!);
    weights.push(weight);
    total += weight;
  }
  if (total === 0 || total > WEIGHT_MAX) return undefined;
  let bound = 0;
  const bounds = weights.map((weight) => {
    bound = dialect.bound(bound, weight, total);
    return bound;
  });
  return { variants, total, bounds };
}

/** Undefined: the entry is malformed. */
function weightOf(entry: readonly JsonValue[]): number | undefined {
  const [variant, weight = null] = entry;
  if (variant === undefined || (typeof variant === 'object' && variant !== null)) return undefined;
  if (weight === null) return 1;
  if (typeof weight !== 'number' || !Number.isInteger(weight)) return undefined;
  if (weight > WEIGHT_MAX || weight < LEAST_INTEGER) return undefined;
  return Math.max(weight, 0);
}

/** Of a place beyond all entries, which rounding makes possible in v1, the answer is no variant. */
export function variantAt(distribution: Distribution, place: number): JsonValue {
  const { bounds, variants } = distribution;
  for (let i = 0; i < bounds.length; i += 1) if (place < bounds[i]!) return variants[i]!;
  return '';
}
