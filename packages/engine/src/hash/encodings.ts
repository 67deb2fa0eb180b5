/**
 * Text encodings of hash inputs by the name that a gate gives. Another encoding
 * is one file beside this one and one row here.
 */
import { encodeUtf8 } from './utf8.ts';

/** Writes the bytes of a text from `offset` on and answers the offset after them; at most three bytes per UTF-16 unit. */
export type TextEncoding = (text: string, target: Uint8Array, offset: number) => number;

export const NATIVE_ENCODING = 'utf8';

export const ENCODINGS: ReadonlyMap<string, TextEncoding> = new Map([[NATIVE_ENCODING, encodeUtf8]]);
