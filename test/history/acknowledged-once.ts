// Rule (a): what was acknowledged is in the log, once, where the answer said, with what was asked for.

import {
  formatPlace,
  type LogEntry,
  type Rule,
  samePlace,
  type Values,
  type WriteOperation,
} from './history.ts';

export const acknowledgedOnce: Rule = {
  name: 'acknowledged-once',
  promise: 'each acknowledged write is in the log once, at its revision',
  check({ log, writes }) {
    const entries = entriesByOperation(log);
    return writes
      .filter(({ outcome }) => outcome === 'acknowledged')
      .flatMap((write) => faults(write, entries));
  },
};

export function entriesByOperation(log: readonly LogEntry[]): ReadonlyMap<string, readonly LogEntry[]> {
  const entries = new Map<string, LogEntry[]>();
  for (const entry of log) {
    const same = entries.get(entry.opId);
    if (same === undefined) entries.set(entry.opId, [entry]);
    else same.push(entry);
  }
  return entries;
}

function faults(write: WriteOperation, entries: ReadonlyMap<string, readonly LogEntry[]>): string[] {
  const found = entries.get(write.opId) ?? [];
  const { place } = write;
  if (place === undefined) return [`${write.opId} was acknowledged without a revision`];
  if (found.length === 0) return [`${write.opId}, acknowledged at ${formatPlace(place)}, is lost`];
  if (found.length > 1)
    return [`${write.opId} is in the log ${found.length} times: ${found.map(formatPlace).join(', ')}`];
  const entry = found[0]!;
  if (!samePlace(entry, place))
    return [`${write.opId}, acknowledged at ${formatPlace(place)}, is at ${formatPlace(entry)}`];
  if (!sameValues(entry.sets, write.sets))
    return [`${write.opId} at ${formatPlace(place)} is not what was asked for`];
  return [];
}

function sameValues(a: Values, b: Values): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
