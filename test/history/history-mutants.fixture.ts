// Ways to spoil a history that keeps every promise, each against one rule. A mutant answers undefined where the
// history has nothing that it could spoil.

import type { History, LogEntry, Place, ReadOperation, WriteOperation } from './history.ts';
import { comparePlaces, samePlace } from './history.ts';
import type { Random } from './random-history.fixture.ts';

export interface HistoryMutant {
  readonly name: string;
  /** The rule that must notice. */
  readonly rule: string;
  spoil(history: History, random: Random): History | undefined;
}

export const HISTORY_MUTANTS: readonly HistoryMutant[] = [
  {
    name: 'an acknowledged write is lost',
    rule: 'acknowledged-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) => ({
        ...history,
        log: history.log.map((entry) => (entry.opId === write.opId ? { ...entry, opId: 'other' } : entry)),
      })),
  },
  {
    name: 'an acknowledged write is in the log twice',
    rule: 'acknowledged-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) => ({ ...history, log: repeated(history.log, write.opId) })),
  },
  {
    name: 'a write is at another revision than was answered',
    rule: 'acknowledged-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) =>
        replaceWrite(history, write, {
          ...write,
          place: { ...write.place!, revision: write.place!.revision + 1 },
        }),
      ),
  },
  {
    name: 'a write is in another epoch than was answered',
    rule: 'acknowledged-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) =>
        replaceWrite(history, write, { ...write, place: { ...write.place!, epoch: write.place!.epoch + 1 } }),
      ),
  },
  {
    name: 'the log holds something else than was asked for',
    rule: 'acknowledged-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) =>
        replaceWrite(history, write, { ...write, sets: { ...write.sets, left: -1 } }),
      ),
  },
  {
    name: 'a write is answered before one with a lower revision begins',
    rule: 'real-time-order',
    spoil(history, random) {
      const [first, second] = pairOfAcknowledged(history, random) ?? [];
      if (first === undefined || second === undefined) return undefined;
      // The later one gets times before everything: it had been answered when the first began.
      return replaceWrite(history, second, { ...second, startedMs: -1_000, endedMs: -999 });
    },
  },
  {
    name: 'a write went through though its subject had changed',
    rule: 'preconditions-held',
    spoil(history, random) {
      const inLog = new Set(history.log.map(({ opId }) => opId));
      const write = pick(
        history.writes.filter(({ opId, expects }) => Object.keys(expects).length > 0 && inLog.has(opId)),
        random,
      );
      if (write === undefined) return undefined;
      const expects = Object.fromEntries(
        Object.entries(write.expects).map(([key, version]) => [key, version - 1]),
      );
      return replaceWrite(history, write, { ...write, expects });
    },
  },
  {
    name: 'a write went through that wanted a subject which never was',
    rule: 'preconditions-held',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) =>
        replaceWrite(history, write, { ...write, expects: { 'never-set': 1 } }),
      ),
  },
  {
    name: 'a read shows half of a change',
    rule: 'reads-fresh-and-exact',
    spoil: (history, random) =>
      spoilRead(
        history,
        random,
        ({ values }) => values['left'] !== undefined,
        (read) => ({ ...read, values: { ...read.values, left: Number(read.values['left']) - 1 } }),
      ),
  },
  {
    name: 'a read names a revision that never was',
    rule: 'reads-fresh-and-exact',
    spoil: (history, random) =>
      spoilRead(
        history,
        random,
        () => true,
        (read) => ({ ...read, place: { ...read.place, epoch: read.place.epoch + 100 } }),
      ),
  },
  {
    name: 'a read shows a key that was not there yet',
    rule: 'reads-fresh-and-exact',
    spoil: (history, random) =>
      spoilRead(
        history,
        random,
        () => true,
        (read) => ({ ...read, values: { ...read.values, 'never-set': 1 } }),
      ),
  },
  {
    name: 'a read that had to see what was acknowledged did not',
    rule: 'reads-fresh-and-exact',
    spoil(history, random) {
      const newest = newestAcknowledged(history);
      if (newest === undefined) return undefined;
      return spoilRead(
        history,
        random,
        ({ place }) => comparePlaces(place, newest.place!) < 0,
        (read) => ({
          ...read,
          session: 'its own',
          atLeast: 'acknowledged',
          startedMs: newest.endedMs + 1,
          endedMs: newest.endedMs + 2,
        }),
      );
    },
  },
  {
    name: 'a read is below the revision that it asked for',
    rule: 'reads-fresh-and-exact',
    spoil: (history, random) =>
      spoilRead(
        history,
        random,
        () => true,
        (read) => ({ ...read, atLeast: { ...read.place, revision: read.place.revision + 1 } }),
      ),
  },
  {
    name: 'a session goes back to an older revision',
    rule: 'sessions-never-go-back',
    spoil(history) {
      const newest = history.reads.toSorted((a, b) => comparePlaces(b.place, a.place))[0];
      if (newest === undefined) return undefined;
      const older = history.reads.find(
        ({ session, place }) => session === newest.session && comparePlaces(place, newest.place) < 0,
      );
      if (older === undefined) return undefined;
      const late = history.reads.reduce((last, { endedMs }) => Math.max(last, endedMs), 0) + 1;
      return replaceRead(history, older, { ...older, atLeast: 'any', startedMs: late, endedMs: late + 1 });
    },
  },
  {
    name: 'a write of unknown outcome is in the log twice',
    rule: 'unknown-at-most-once',
    spoil(history, random) {
      const inLog = new Set(history.log.map(({ opId }) => opId));
      const write = pick(
        history.writes.filter(({ outcome, opId }) => outcome === 'unknown' && inLog.has(opId)),
        random,
      );
      return write === undefined ? undefined : { ...history, log: repeated(history.log, write.opId) };
    },
  },
  {
    name: 'a refused write is in the log',
    rule: 'unknown-at-most-once',
    spoil: (history, random) =>
      spoilAcknowledged(history, random, (write) => {
        const { place: _, ...rest } = write;
        return replaceWrite(history, write, { ...rest, outcome: 'refused' });
      }),
  },
];

function spoilAcknowledged(
  history: History,
  random: Random,
  spoil: (write: WriteOperation) => History,
): History | undefined {
  const write = pick(
    history.writes.filter(({ outcome }) => outcome === 'acknowledged'),
    random,
  );
  return write === undefined ? undefined : spoil(write);
}

function spoilRead(
  history: History,
  random: Random,
  fits: (read: ReadOperation) => boolean,
  spoil: (read: ReadOperation) => ReadOperation,
): History | undefined {
  const read = pick(history.reads.filter(fits), random);
  return read === undefined ? undefined : replaceRead(history, read, spoil(read));
}

/** Two acknowledged writes, the lower revision first. */
function pairOfAcknowledged(
  history: History,
  random: Random,
): readonly [WriteOperation, WriteOperation] | undefined {
  const placed = history.writes
    .filter(({ place }) => place !== undefined)
    .toSorted((a, b) => comparePlaces(a.place!, b.place!));
  if (placed.length < 2) return undefined;
  const second = 1 + Math.floor(random() * (placed.length - 1));
  return [placed[second - 1]!, placed[second]!];
}

function newestAcknowledged(history: History): WriteOperation | undefined {
  const placed = history.writes.filter(({ place }) => place !== undefined);
  return placed.toSorted((a, b) => comparePlaces(b.place!, a.place!))[0];
}

/** The record once more, as the newest one. */
function repeated(log: readonly LogEntry[], opId: string): readonly LogEntry[] {
  const last = log.at(-1)!;
  const again = log.find((entry) => entry.opId === opId)!;
  const place: Place = { epoch: last.epoch, revision: last.revision + 1 };
  if (samePlace(place, again)) throw new Error('a repeated record has a place of its own');
  return [...log, { ...again, ...place }];
}

function replaceWrite(history: History, old: WriteOperation, now: WriteOperation): History {
  return { ...history, writes: history.writes.map((write) => (write === old ? now : write)) };
}

function replaceRead(history: History, old: ReadOperation, now: ReadOperation): History {
  return { ...history, reads: history.reads.map((read) => (read === old ? now : read)) };
}

function pick<T>(from: readonly T[], random: Random): T | undefined {
  return from[Math.floor(random() * from.length)];
}
