/**
 * exists, notExists: whether the attribute is present and not null.
 */
import { type Matcher, type Operator, operator } from './operator.ts';

const PRESENT: Matcher = { matches: () => true };

const compilePresence: Operator['compile'] = () => ({ matcher: PRESENT, steps: 1 });

const TRAITS = { operands: false, readsWhole: true, seesAbsence: true };

export const PRESENCE_OPERATORS: readonly Operator[] = [
  operator('exists', compilePresence, TRAITS),
  operator('notExists', compilePresence, { ...TRAITS, negative: true }),
];
