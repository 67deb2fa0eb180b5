/**
 * A flag key that a caller asks for. Answers and errors say it again, in a
 * batch for each context, so its length is bounded before anything is answered.
 */
import { invalidField } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/**
 * Only the length: a key that no flag can have for other reasons is one that is not found.
 * @param field path of the key in the request: `flag_key`, `flag_keys[3]`
 * @throws FlagstreamError INVALID_FIELD, which does not say the key
 */
export function checkedFlagKey(field: string, flagKey: string): string {
  const { keyLengthMax } = LIMITS;
  if (flagKey.length <= keyLengthMax) return flagKey;
  throw invalidField(field, `has ${flagKey.length} characters, no flag's key has more than ${keyLengthMax}`);
}
