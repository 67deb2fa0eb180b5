import { LIMITS } from '@flagstream/protocol';
import type { ReportPlace } from '@flagstream/replica';
import { expect, test } from 'vitest';
import { LostStreams, type ToldStream } from './lost-streams.ts';

const at = (sequence: number): ReportPlace => ({ bootId: `b${sequence}`, sequence });
const stream = (place: ReportPlace | undefined, over: Partial<ToldStream> = {}): ToldStream => ({
  place,
  lostStreams: [],
  answered: true,
  ...over,
});

test('a stream that ended is told of until another one that was told so has answered', () => {
  const lost = new LostStreams();
  const place = at(1);
  lost.ended(stream(place));
  const lostStreams = lost.toTell(undefined);
  expect(lostStreams).toEqual([place]);
  // Neither welcomed nor answered: nobody speaks for it yet.
  lost.ended(stream(undefined, { lostStreams, answered: false }));
  expect(lost.toTell(undefined)).toEqual([place]);
  const next = at(2);
  lost.ended(stream(next, { lostStreams }));
  expect(lost.toTell(undefined)).toEqual([next]);
});

test('what the serving stream was told of is not told to its successor, whether it answers or leaves', () => {
  const lost = new LostStreams();
  lost.ended(stream(at(1)));
  const current = stream(at(2), { lostStreams: lost.toTell(undefined), answered: false });
  expect(lost.toTell(current)).toEqual([]);
  lost.left(current);
  expect(lost.toTell(undefined)).toEqual([]);
});

test('so many are remembered, the newest', () => {
  const lost = new LostStreams();
  const places = Array.from({ length: LIMITS.lostStreamsMax + 2 }, (_, index) => at(index));
  for (const place of places) lost.ended(stream(place));
  expect(lost.toTell(undefined)).toEqual(places.slice(2));
});
