// Every checker keeps quiet about a history that keeps its promise, and names itself on one that does not.

import type { Freshness, LogRecord, Place } from '@flagstream/replica';
import { describe, expect, test } from 'vitest';
import { Atomic } from './atomic.ts';
import { Bookmarkable } from './bookmarkable.ts';
import type { Checker } from './checker.ts';
import { Confirmed } from './confirmed.ts';
import { Converged } from './converged.ts';
import { Decided } from './decided.ts';
import { Durable } from './durable.ts';
import { Fresh } from './fresh.ts';
import { allCheckers } from './history.ts';
import { Kept } from './kept.ts';
import type { Holder, Observation, RolloutTold } from './observation.ts';
import { Ordered } from './ordered.ts';
import { ReadYourWrites } from './read-your-writes.ts';
import { Reliable } from './reliable.ts';
import { Resumable } from './resumable.ts';
import {
  applied,
  committed,
  evaluated,
  foreign,
  OTHER_R3,
  R1,
  R2,
  R3,
  said,
  taken,
  watch,
} from './small-history.fixture.ts';
import { Survives } from './survives.ts';
import { Unique } from './unique.ts';

const LOG = [committed(R1, 1), committed(R2, 2), committed(R3, 3)];

/** A client at R2 was there, and was told of, when R3 was committed. */
const AT_R3: readonly Observation[] = [
  committed(R1, 1),
  committed(R2, 2),
  { type: 'session-opened', boot: 'b', stream: 1, client: 'c', joined: R2, ms: 2.2 },
  taken(R2, { ms: 2.3 }),
  { type: 'reported', boot: 'b', sequence: 1n, ms: 2.5 },
  { type: 'report-taken', boot: 'b', sequence: 1n, ms: 2.6 },
  committed(R3, 3),
];
const left = (at: LogRecord): Observation => ({ type: 'session-ended', boot: 'b', stream: 1, at, ms: 4 });
const isSaid = (told: Partial<RolloutTold>, quietClients?: number): Observation => ({
  type: 'rollout',
  target: R3,
  told: { complete: false, applied: 0, owing: 0, departed: 0, ...told },
  quietClients,
  ms: 50,
});
const COMPLETE = { complete: true, applied: 1 };
const bookmarked = (fingerprint: number): Observation => ({
  type: 'bookmarked',
  client: 'c',
  position: R3,
  fingerprint,
  ms: 10,
});
const acknowledged = (
  opId: string,
  position: Observation & { type: 'acknowledged' } extends { position: infer P } ? P : never,
): Observation => ({
  type: 'acknowledged',
  opId,
  position,
  ms: 10,
});
const resumed = (intent: 'full' | 'delta', held: typeof R2): Observation => ({
  type: 'resumed',
  client: 'c',
  node: 'ev',
  held,
  head: R3,
  intent,
  ms: 10,
});
const holder = (over: Partial<Holder>): Holder => ({
  name: 'ev1',
  kind: 'evaluator',
  position: R3,
  fingerprint: said(R3),
  digest: 'd',
  freshness: { stalenessMs: 900, estimated: false, source: 'live' },
  ...over,
});
const quiet = (...holders: Holder[]): Observation => ({ type: 'quiet', head: R3, holders, ms: 99 });
const from = (source: Freshness['source']): Pick<Holder, 'freshness'> => ({
  freshness: { stalenessMs: 900, estimated: false, source },
});
const following = (position: LogRecord): Holder => holder({ position, ...from('fallback') });
const calm = (freshness: Freshness): Observation => ({
  type: 'calm',
  holders: [holder({ freshness })],
  ms: 99,
});
const readAtHead = (answered: boolean): Observation => ({
  type: 'read-at-head',
  by: 'ev1',
  answered,
  ms: 99,
});
const withoutNats = (written: LogRecord, ...holders: Holder[]): Observation => ({
  type: 'without-nats',
  written,
  holders,
  ms: 60,
});
const reopened = (restored: boolean): Observation => ({
  type: 'log-opened',
  records: [R1, R2],
  restored,
  ms: 20,
});
const shipped = (inNats: boolean): Observation => ({
  type: 'shipped',
  node: 'cp',
  record: R3,
  inNats,
  ms: 9,
});
const withdrawn: Observation = { type: 'withdrawn', kept: R2, ms: 19 };
const proven = { stalenessMs: 5, estimated: false, source: 'live' } as const;
const epochBegun = (byPerson: boolean): Observation => ({
  type: 'epoch-begun',
  byPerson,
  foreign: true,
  ms: 9,
});

const reloaded = (position: Place, atLeast: Place | undefined): Observation => ({
  type: 'reloaded',
  node: 'ev',
  position,
  atLeast,
  ms: 9,
});
const died = (record: LogRecord, release = '1'): Observation => ({
  type: 'died',
  node: 'ev',
  release,
  record,
  ms: 9,
});

interface Case {
  readonly checker: () => Checker;
  readonly kept: readonly (readonly Observation[])[];
  readonly violated: readonly (readonly Observation[])[];
}

const CASES: readonly Case[] = [
  {
    checker: () => new Ordered(),
    kept: [
      [...LOG, applied(R2), applied(R3)],
      // What stood on a branch that is not the log may leave it.
      [...LOG, foreign(OTHER_R3), taken(OTHER_R3), taken(R2)],
      [...LOG, taken(R3), { type: 'forgot', who: 'c', ms: 11 }, taken(R2)],
    ],
    violated: [
      [...LOG, applied(R3), applied(R2)],
      [...LOG, taken(R3), taken(R2)],
    ],
  },
  {
    checker: () => new Unique(),
    kept: [[...LOG, applied(R2), applied(R3), taken(R3), taken(R3, { kind: 'full' })]],
    violated: [
      [...LOG, applied(R2), applied(R2)],
      [...LOG, taken(R3), taken(R3)],
      [...LOG, committed(R3, 4)],
    ],
  },
  {
    checker: () => new Reliable(),
    kept: [[...LOG, applied(R2), applied(R3), taken(R3)]],
    violated: [
      [...LOG, applied(R2, { fingerprint: 1 })],
      [...LOG, applied(R1), applied(R3)],
      [...LOG, taken(R2, { fingerprint: said(R3) })],
      [...LOG, taken(OTHER_R3)],
      [...LOG, { type: 'refused', client: 'c', code: 'digest-mismatch', ms: 9 }],
      [...LOG, { type: 'diverged', node: 'ev', ms: 9 }],
    ],
  },
  {
    checker: () => new Atomic(),
    kept: [[...LOG, evaluated({ pair: ['v2', 'v2'] })]],
    violated: [[...LOG, evaluated({ pair: ['v2', 'v1'] })]],
  },
  {
    checker: () => new Resumable(),
    kept: [
      [...LOG, resumed('delta', R2)],
      [...LOG, foreign(OTHER_R3), resumed('full', OTHER_R3)],
    ],
    violated: [[...LOG, resumed('full', R2)]],
  },
  {
    checker: () => new Bookmarkable(),
    kept: [[...LOG, bookmarked(said(R3))]],
    violated: [[...LOG, bookmarked(said(R2))]],
  },
  {
    checker: () => new Durable(),
    kept: [
      [...LOG, shipped(true)],
      [...LOG, acknowledged('two', R2), acknowledged('two', R2), quiet()],
      [...LOG, acknowledged('three', R3), withdrawn, reopened(false), quiet()],
      // The answer was under way.
      [...LOG, withdrawn, reopened(false), acknowledged('three', R3), quiet()],
      [...LOG, acknowledged('three', R3), reopened(true), committed(R3, 21), quiet()],
    ],
    violated: [
      [...LOG, shipped(false)],
      [...LOG, acknowledged('two', R3)],
      [...LOG, acknowledged('three', R3), reopened(false)],
      [...LOG, acknowledged('three', R3), reopened(true), quiet()],
      [...LOG, acknowledged('three', R3), acknowledged('three', R2)],
    ],
  },
  {
    checker: () => new Fresh(),
    kept: [
      [...LOG, evaluated({ freshness: proven }, 8)],
      [...LOG, calm(proven)],
      [...LOG, evaluated({ freshness: { ...proven, estimated: true } }, 50)],
      [...LOG, evaluated({ position: R3, freshness: proven }, 50)],
      [...LOG, evaluated({ heard: false, freshness: { ...proven, source: 'stale-cache' } }, 8)],
    ],
    violated: [
      // R3 was committed at 3: what lacks it is older than 5 ms from 8 on.
      [...LOG, evaluated({ freshness: proven }, 9)],
      [...LOG, evaluated({ heard: false }, 8)],
      [...LOG, calm({ ...proven, estimated: true })],
      [...LOG, calm({ ...proven, stalenessMs: 60_000 })],
    ],
  },
  {
    checker: () => new ReadYourWrites(),
    kept: [[...LOG, evaluated({ position: R3, minimum: R2 }), readAtHead(true)]],
    violated: [
      [...LOG, readAtHead(false)],
      [...LOG, evaluated({ position: R2, minimum: R3 })],
      [...LOG, foreign(OTHER_R3), evaluated({ position: OTHER_R3, minimum: R3 })],
    ],
  },
  {
    checker: () => new Confirmed(),
    kept: [
      [...AT_R3, isSaid({ owing: 1 }), taken(R3), isSaid(COMPLETE, 1)],
      [...AT_R3, left(R3), isSaid({ complete: true, departed: 1 })],
      // It left before its node had the change, began anew, or could not be known.
      [...AT_R3, left(R2), isSaid({ complete: true })],
      [...AT_R3, { type: 'forgot', who: 'c', ms: 9 }, isSaid({ complete: true })],
      [...AT_R3, { type: 'fleet-begun', ms: 9 }, isSaid({ complete: true })],
    ],
    violated: [
      [...AT_R3, isSaid({ complete: true })],
      [...AT_R3, left(R3), isSaid({ complete: true })],
      [...AT_R3, isSaid({ applied: 1 })],
      [...AT_R3, taken(R3), isSaid({ applied: 2 })],
      [...AT_R3, taken(R3), isSaid({ ...COMPLETE, departed: 1 }, 1)],
      [...AT_R3, taken(R3), isSaid({ applied: 1 }, 1)],
      [...AT_R3, taken(R3), isSaid({ complete: true }, 1)],
    ],
  },
  {
    checker: () => new Converged(),
    kept: [
      [...LOG, quiet(holder({}), holder({ name: 'ev2' }))],
      [...LOG, withoutNats(R2, following(R2), following(R3), holder({ kind: 'client' }))],
      // Another branch is left over NATS.
      [...LOG, foreign(OTHER_R3), withoutNats(R3, holder({ position: OTHER_R3 }))],
    ],
    violated: [
      [...LOG, withoutNats(R3, following(R3), following(R2))],
      [...LOG, withoutNats(R3, holder({ kind: 'client', position: undefined }))],
      // It has fetched everything, and follows nobody.
      [...LOG, withoutNats(R3, holder(from('stale-cache')))],
      [...LOG, quiet(holder({ position: R2, fingerprint: said(R2) }))],
      [...LOG, quiet(holder({ fingerprint: said(R2) }))],
      [...LOG, quiet(holder({}), holder({ name: 'ev2', digest: 'e' }))],
      [...LOG, quiet(holder(from('fallback')))],
      [committed(R1, 1), committed(R2, 2), quiet()],
    ],
  },
  {
    checker: () => new Decided(),
    kept: [
      [...LOG, epochBegun(true)],
      // A restored file takes in what NATS holds, whoever wrote it, before it writes itself.
      [committed(R1, 1), committed(R2, 2), foreign(OTHER_R3), reopened(true), committed(OTHER_R3, 21)],
    ],
    violated: [
      [...LOG, epochBegun(false)],
      [committed(R1, 1), committed(R2, 2), foreign(OTHER_R3), committed(OTHER_R3, 3)],
    ],
  },
  {
    checker: () => new Kept(),
    kept: [[reloaded(R3, R3), reloaded(R3, R2), reloaded(R1, undefined)]],
    violated: [[reloaded(R2, R3)]],
  },
  {
    checker: () => new Survives(),
    kept: [
      [...LOG, died(R2), died(R2), died(R3)],
      [...LOG, died(R2), died(R2), died(R2, '2')],
      [...LOG, died(R2), died(R2), { type: 'lost-power', node: 'ev', ms: 9 }, died(R2)],
    ],
    violated: [[...LOG, died(R2), died(R2), died(R2)]],
  },
];

describe.each(CASES.map(({ checker, ...rest }) => ({ promise: checker().promise, checker, ...rest })))(
  '$promise',
  ({ promise, checker, kept, violated }) => {
    test.each(kept.map((history, i) => ({ i, history })))('is kept by history $i', ({ history }) => {
      expect(() => watch(checker(), history)).not.toThrow();
    });

    test.each(violated.map((history, i) => ({ i, history })))('is violated by history $i', ({ history }) => {
      expect(() => watch(checker(), history)).toThrow(`${promise}: `);
    });
  },
);

test('every checker of a world is tested here', () => {
  expect(CASES.map(({ checker }) => checker().promise).sort()).toEqual(
    allCheckers()
      .map(({ promise }) => promise)
      .sort(),
  );
});
