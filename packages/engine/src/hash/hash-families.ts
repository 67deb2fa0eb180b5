/**
 * Hash families by the name that a gate gives. Another family is one file
 * beside this one and one row here.
 */
import { murmur3x86Prefix } from './murmur3-x86-32.ts';

/** Hashes the first `length` bytes to an unsigned 32-bit number. */
export type HashFamily = (bytes: Uint8Array, length: number, seed: number) => number;

export const NATIVE_HASH = 'murmur3-x86-32';

export const HASH_FAMILIES: ReadonlyMap<string, HashFamily> = new Map([[NATIVE_HASH, murmur3x86Prefix]]);
