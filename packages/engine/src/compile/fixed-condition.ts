/**
 * A condition that does not look at the walk.
 *
 * Place on the path: rules without condition, segments without one, and the
 * place of a part that has problems, in an entity that is then refused.
 */
import type { Condition } from '../walk.ts';

export const ALWAYS: Condition = { holds: () => true };
export const NEVER: Condition = { holds: () => false };
