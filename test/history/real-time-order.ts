// Rule (b): the log's order agrees with the clock's: a write that was answered before another began comes first.

import { comparePlaces, formatPlace, type Place, type Rule } from './history.ts';

interface Placed {
  readonly opId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly place: Place;
}

export const realTimeOrder: Rule = {
  name: 'real-time-order',
  promise: 'a write that was answered before another began has the lower revision',
  check({ writes }) {
    const placed = writes.flatMap((write): Placed[] =>
      write.outcome === 'acknowledged' && write.place !== undefined ? [{ ...write, place: write.place }] : [],
    );
    const byStart = placed.toSorted((a, b) => a.startedMs - b.startedMs);
    const byEnd = placed.toSorted((a, b) => a.endedMs - b.endedMs);
    const faults: string[] = [];
    let answered = 0;
    let highest: Placed | undefined;
    for (const write of byStart) {
      for (; answered < byEnd.length && byEnd[answered]!.endedMs < write.startedMs; answered += 1)
        if (highest === undefined || comparePlaces(byEnd[answered]!.place, highest.place) > 0)
          highest = byEnd[answered];
      if (highest !== undefined && comparePlaces(highest.place, write.place) >= 0)
        faults.push(
          `${write.opId} at ${formatPlace(write.place)} began after ${highest.opId} at ${formatPlace(highest.place)} was answered`,
        );
    }
    return faults;
  },
};
