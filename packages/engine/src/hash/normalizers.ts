/**
 * Normalisers by the name that a gate gives: how a hash becomes a number.
 * Another one is one file beside this one and one row here.
 */
import { multiplyShift } from './multiply-shift.ts';

/** Maps an unsigned 32-bit hash into 0 (included) .. buckets (excluded). */
export type Normalizer = (hash: number, buckets: number) => number;

/** Buckets of a gate that names no number of them. */
export const DEFAULT_BUCKETS = 100_000;

export const NATIVE_NORMALIZER = 'multiply-shift';

export const NORMALIZERS: ReadonlyMap<string, Normalizer> = new Map([[NATIVE_NORMALIZER, multiplyShift]]);
