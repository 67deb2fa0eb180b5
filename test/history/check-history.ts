// Judges a history by the six rules. Because revisions give the order, each rule is linear; no search is needed
// while there is one writer.

import { acknowledgedOnce } from './acknowledged-once.ts';
import type { History, Rule, Violation } from './history.ts';
import { preconditionsHeld } from './preconditions-held.ts';
import { readsFreshAndExact } from './reads-fresh-and-exact.ts';
import { realTimeOrder } from './real-time-order.ts';
import { sessionsNeverGoBack } from './sessions-never-go-back.ts';
import { unknownAtMostOnce } from './unknown-at-most-once.ts';

export const RULES: readonly Rule[] = [
  acknowledgedOnce,
  realTimeOrder,
  preconditionsHeld,
  readsFreshAndExact,
  sessionsNeverGoBack,
  unknownAtMostOnce,
];

export interface Judgement {
  /** Operations that were checked: writes and reads. */
  readonly operations: number;
  readonly violations: readonly Violation[];
}

export function checkHistory(history: History): Judgement {
  return {
    operations: history.writes.length + history.reads.length,
    violations: RULES.flatMap((rule) =>
      rule.check(history).map((detail): Violation => ({ rule: rule.name, detail })),
    ),
  };
}
