import { describe, expect, it } from 'vitest';
import { formatMarker, PoisonGuard, type PoisonMarker, parseMarker } from './poison-guard.ts';

const at = (revision: number, epoch = 1) => ({ epoch, revision });

/** What the next process finds: the marker as text, as it is kept. */
const restart = (marker: PoisonMarker | undefined, release = 'a'): PoisonGuard =>
  new PoisonGuard(release, parseMarker(marker === undefined ? '' : formatMarker(marker)));

describe('PoisonGuard', () => {
  it('goes on after one death, one record at a time, and stays before the culprit after the second', () => {
    const first = restart(undefined);
    expect([first.oneByOne, first.frozenBefore, first.idle]).toEqual([false, undefined, undefined]);
    const second = restart(first.applying(at(100), at(355)));
    expect([second.oneByOne, second.frozenBefore]).toEqual([true, undefined]);
    second.applying(at(100), at(100));
    second.applied(at(100));
    const third = restart(second.applying(at(150), at(150)));
    expect(third.frozenBefore).toEqual(at(150));
    expect(restart(third.idle).frozenBefore).toEqual(at(150));
    third.applied(at(149));
    expect(restart(third.idle).frozenBefore).toEqual(at(150));
  });

  it('does not count a stop during which nothing was applied', () => {
    const second = restart(restart(undefined).applying(at(5), at(5)));
    const third = restart(second.idle);
    const fourth = restart(third.idle);
    expect([third.frozenBefore, fourth.frozenBefore, fourth.oneByOne]).toEqual([undefined, undefined, true]);
    expect(restart(fourth.applying(at(5), at(5))).frozenBefore).toEqual(at(5));
  });

  it('forgets what was suspected once its last record is applied', () => {
    const guard = restart(restart(undefined).applying(at(5), at(7)));
    guard.applied(at(6));
    expect(guard.oneByOne).toBe(true);
    guard.applied(at(7));
    expect([guard.oneByOne, guard.idle]).toEqual([false, undefined]);
    expect(restart(guard.applying(at(5), at(5))).frozenBefore).toBeUndefined();
  });

  it('does not add up deaths at places that have nothing to do with each other', () => {
    const second = restart(restart(undefined).applying(at(5), at(7)));
    const third = restart(second.applying(at(8), at(8)));
    expect([third.frozenBefore, third.oneByOne]).toEqual([undefined, true]);
  });

  it('takes snapshots of a head that moves on for the same place', () => {
    const second = restart(restart(undefined).applying(at(5), at(900)));
    expect(restart(second.applying(at(5), at(1200))).frozenBefore).toEqual(at(5));
  });

  it('tries again with another release', () => {
    const twice = restart(restart(undefined).applying(at(5), at(5))).applying(at(5), at(5));
    expect(restart(twice, 'a').frozenBefore).toEqual(at(5));
    const other = restart(twice, 'b');
    expect([other.frozenBefore, other.oneByOne]).toEqual([undefined, false]);
  });
});

describe('a marker as text', () => {
  it('reads what was written, with what stands around it', () => {
    const marker: PoisonMarker = {
      state: 'frozen',
      first: at(7, 3),
      last: at(9, 4),
      deaths: 2,
      release: '1.2.3-x',
    };
    expect(formatMarker(marker)).toBe('frozen=3.7 last=4.9 deaths=2 release=1.2.3-x');
    expect(parseMarker(`${formatMarker(marker)}      \n`)).toEqual(marker);
    expect(parseMarker('   \n')).toBeUndefined();
  });

  it.each(['applying=1.2', 'x', 'applying=1.2 last=1.2 deaths=-1 release=a', '\0\0\0'])(
    'refuses %j',
    (text) => {
      expect(() => parseMarker(text)).toThrow('not a marker');
    },
  );
});
