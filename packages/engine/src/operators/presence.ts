/**
 * exists, notExists: whether the attribute is present and not null.
 */
import { type Operator, operator } from './operator.ts';

const compilePresence: Operator['compile'] = () => ({ test: () => true, steps: 1 });

export const PRESENCE_OPERATORS: readonly Operator[] = [
  operator('exists', compilePresence, { operands: false, seesAbsence: true }),
  operator('notExists', compilePresence, { operands: false, seesAbsence: true, negative: true }),
];
