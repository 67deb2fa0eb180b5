/**
 * How many values a JSON text holds, before it is parsed: an empty object takes two bytes of it and hundreds of a heap.
 */
import { fail } from '@flagstream/protocol';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/**
 * Counts what begins a value, whether or not the text is JSON.
 * @throws FlagstreamError REQUEST_TOO_LARGE
 */
export function checkJsonValues(text: Uint8Array, valuesMax: number): void {
  let values = 1;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) inString = !inString;
    else if (inString) {
      if (byte === BACKSLASH) at += 1;
    } else if (byte === COMMA || byte === OPENING_BRACKET || byte === OPENING_BRACE) values += 1;
    if (values > valuesMax)
      throw fail('REQUEST_TOO_LARGE', `the request holds more than ${valuesMax} values`);
  }
}
