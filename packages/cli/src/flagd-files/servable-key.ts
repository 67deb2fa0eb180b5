/**
 * Which keys of a flagd file can be served as they are. flagd takes any text; names of resources, which commands and
 * the API go by, take less. A flag whose key is no name is served all the same: evaluation goes by keys, not by names.
 */
import { LIMITS } from '@flagstream/protocol';

/**
 * Control characters, which no line of a log or a terminal should hold, and what sorts differently in UTF-8 and UTF-16
 * (or is half a character): the log and its snapshots are ordered by key.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const UNSERVABLE = /[\u0000-\u001f\u007f-\u009f\ud800-\uffff]/;

/** Why a key cannot be served, one sentence; undefined: it can. */
export function servableKeyProblem(key: string): string | undefined {
  if (key === '') return 'A flag needs a key.';
  if (key.length > LIMITS.keyLengthMax)
    return `The key has ${key.length} characters, at most ${LIMITS.keyLengthMax} are served: shorten it.`;
  if (UNSERVABLE.test(key))
    return 'The key holds a control character, an emoji or another character from U+D800 on: rename the flag.';
  return undefined;
}
