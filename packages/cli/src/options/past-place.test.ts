import { describe, expect, it } from 'vitest';
import { parsePastPlace } from './past-place.ts';

const NOW_MS = Date.UTC(2026, 10, 25, 12, 0, 0, 500);
const place = (text: string) => parsePastPlace(text, NOW_MS).place;
const instant = (ms: number) => ({
  $case: 'instant',
  value: { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 },
});

describe('parsePastPlace', () => {
  it.each([
    ['42', 0, 42n],
    ['e1.42', 1, 42n],
    ['e12.9007199254740991', 12, 9007199254740991n],
  ])('takes revision %s', (text, epoch, revision) => {
    expect(place(text)).toEqual({ $case: 'revision', value: { epoch, revision, hash: Buffer.alloc(0) } });
  });

  it.each([
    ['2026-11-25T10:00:00Z', Date.UTC(2026, 10, 25, 10)],
    ['2026-11-25T10:00:00.250+02:00', Date.UTC(2026, 10, 25, 8, 0, 0, 250)],
    ['2 hours ago', NOW_MS - 7_200_000],
    ['1 day ago', NOW_MS - 86_400_000],
    ['90 seconds ago', NOW_MS - 90_000],
    ['3 weeks ago', NOW_MS - 1_814_400_000],
  ])('takes instant %s', (text, ms) => {
    expect(place(text)).toEqual(instant(ms));
  });

  it.each([
    '',
    '0',
    'e0.1',
    'e1',
    'e1.0',
    'e1.9007199254740992',
    '-1',
    '2 hours',
    'yesterday',
    '2026-11-25',
    '1 year ago',
  ])('refuses %j and says what it takes', (text) => {
    expect(() => place(text)).toThrow(/a revision \(42, e1\.42\), an instant .* or how long ago/);
  });
});
