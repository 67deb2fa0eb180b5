/** What a key looks like, in words. */
import { LIMITS } from '@flagstream/protocol';

/** One sentence. */
export const KEY_FORM: string = `A key has lower-case letters, digits, ".", "_" and "-", begins with a letter or digit, and has at most ${LIMITS.keyLengthMax} characters.`;
/** The same of a flag's. */
export const FLAG_KEY_FORM: string = KEY_FORM.replace('lower-case letters', 'letters');
