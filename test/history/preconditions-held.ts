// Rule (c): the preconditions of a write held on the state right before it.

import { comparePlaces, formatPlace, type Rule } from './history.ts';
import { StateWalk } from './state-walk.ts';

export const preconditionsHeld: Rule = {
  name: 'preconditions-held',
  promise: 'the preconditions of a write held at the revision before it',
  check({ log, writes }) {
    const expecting = new Map(
      writes.filter(({ expects }) => Object.keys(expects).length > 0).map((write) => [write.opId, write]),
    );
    const walk = new StateWalk(log);
    return log.toSorted(comparePlaces).flatMap((entry) => {
      const write = expecting.get(entry.opId);
      if (write === undefined) return [];
      walk.walkBefore(entry);
      return Object.entries(write.expects)
        .filter(([key, version]) => walk.versions.get(key) !== version)
        .map(
          ([key, version]) =>
            `${write.opId} at ${formatPlace(entry)} asked for ${key} of revision ${version}, and it was of ${walk.versions.get(key) ?? 'none'}`,
        );
    });
  },
};
