/**
 * How a gate turns an attribute into text, by the name that it gives. Another
 * system's way is one file beside this one and one row here.
 */
import type { JsonValue } from '../model.ts';
import { nativeText } from './native-text.ts';

/** Undefined: the value has no text and counts as absent. */
export type Stringifier = (value: JsonValue) => string | undefined;

export const NATIVE_STRINGIFIER = '';

export const STRINGIFIERS: ReadonlyMap<string, Stringifier> = new Map([[NATIVE_STRINGIFIER, nativeText]]);
