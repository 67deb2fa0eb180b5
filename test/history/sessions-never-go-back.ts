// Rule (e): what one session reads never goes back: a read that began after another was answered is not older.

import { comparePlaces, formatPlace, type Place, type ReadOperation, type Rule } from './history.ts';

export const sessionsNeverGoBack: Rule = {
  name: 'sessions-never-go-back',
  promise: 'within a session a later read is of the same revision or a later one',
  check({ reads }) {
    const sessions = new Map<string, ReadOperation[]>();
    for (const read of reads) {
      const same = sessions.get(read.session);
      if (same === undefined) sessions.set(read.session, [read]);
      else same.push(read);
    }
    return [...sessions.values()].flatMap(faultsOfSession);
  },
};

function faultsOfSession(reads: readonly ReadOperation[]): string[] {
  const byEnd = reads.toSorted((a, b) => a.endedMs - b.endedMs);
  const faults: string[] = [];
  let answered = 0;
  let highest: Place | undefined;
  for (const read of reads.toSorted((a, b) => a.startedMs - b.startedMs)) {
    for (; answered < byEnd.length && byEnd[answered]!.endedMs < read.startedMs; answered += 1)
      if (highest === undefined || comparePlaces(byEnd[answered]!.place, highest) > 0)
        highest = byEnd[answered]!.place;
    if (highest !== undefined && comparePlaces(read.place, highest) < 0)
      faults.push(`${read.session} read ${formatPlace(read.place)} after ${formatPlace(highest)}`);
  }
  return faults;
}
