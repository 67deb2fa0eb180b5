// Rule (f): a write whose outcome is unknown is in the log once or not at all, and a refused one is not there.

import { entriesByOperation } from './acknowledged-once.ts';
import { formatPlace, type Rule } from './history.ts';

export const unknownAtMostOnce: Rule = {
  name: 'unknown-at-most-once',
  promise: 'a write of unknown outcome is in the log at most once, a refused one never',
  check({ log, writes }) {
    const entries = entriesByOperation(log);
    return writes.flatMap((write) => {
      if (write.outcome === 'acknowledged') return [];
      const found = entries.get(write.opId) ?? [];
      const allowed = write.outcome === 'unknown' ? 1 : 0;
      if (found.length <= allowed) return [];
      return [`${write.opId}, ${write.outcome}, is in the log at ${found.map(formatPlace).join(', ')}`];
    });
  },
};
