// Rule (d): a read answers exactly the fold of the log at the revision that it names, and that revision is as new
// as the read asked for.

import {
  comparePlaces,
  formatPlace,
  type History,
  type Place,
  type ReadOperation,
  type Rule,
} from './history.ts';
import { StateWalk } from './state-walk.ts';

export const readsFreshAndExact: Rule = {
  name: 'reads-fresh-and-exact',
  promise: 'a read is exactly the fold of its revision, which is as new as was asked for',
  check: (history) => [...inexact(history), ...tooOld(history)],
};

function inexact({ log, reads }: History): string[] {
  const walk = new StateWalk(log);
  return reads
    .toSorted((a, b) => comparePlaces(a.place, b.place))
    .flatMap((read) => {
      if (!walk.walkTo(read.place)) return [`${describe(read)}: there is no such revision`];
      return Object.entries(read.values)
        .filter(([key, value]) => walk.values.get(key) !== value)
        .map(([key, value]) => `${describe(read)}: ${key} is ${value}, the log says ${walk.values.get(key)}`);
    });
}

function tooOld({ writes, reads }: History): string[] {
  const answers = writes
    .flatMap(({ place, endedMs }) => (place === undefined ? [] : [{ place, endedMs }]))
    .sort((a, b) => a.endedMs - b.endedMs);
  const faults: string[] = [];
  let answered = 0;
  let highest: Place | undefined;
  for (const read of reads.toSorted((a, b) => a.startedMs - b.startedMs)) {
    for (; answered < answers.length && answers[answered]!.endedMs < read.startedMs; answered += 1)
      if (highest === undefined || comparePlaces(answers[answered]!.place, highest) > 0)
        highest = answers[answered]!.place;
    if (read.atLeast === 'any') continue;
    const wanted = read.atLeast === 'acknowledged' ? highest : read.atLeast;
    if (wanted !== undefined && comparePlaces(read.place, wanted) < 0)
      faults.push(`${describe(read)}: asked for ${formatPlace(wanted)} or later`);
  }
  return faults;
}

function describe(read: ReadOperation): string {
  return `read of ${read.session} at ${formatPlace(read.place)}`;
}
