import { describe, expect, it } from 'vitest';
import { SecondWriterGuard } from './second-writer-guard.ts';

const guard = (): SecondWriterGuard => new SecondWriterGuard('ours', 3_000, 1_000);

describe('SecondWriterGuard', () => {
  it('knows its own beacons', () => {
    const ours = guard();
    expect(ours.heard({ bootId: 'ours' }, 1_001)).toBe('own');
    expect(ours.foreign).toBe(0);
  });

  it('refuses to start beside another one', () => {
    expect(guard().heard({ bootId: 'other' }, 1_000)).toBe('refuse-start');
    expect(guard().heard({ bootId: 'other' }, 3_999)).toBe('refuse-start');
  });

  it('raises an alarm, once each, for one that is started later, and counts its beacons', () => {
    const ours = guard();
    expect(ours.heard({ bootId: 'other' }, 4_000)).toBe('alarm');
    expect(ours.heard({ bootId: 'other' }, 5_000)).toBe('known');
    expect(ours.heard({ bootId: 'third' }, 5_000)).toBe('alarm');
    expect(ours.foreign).toBe(3);
  });

  it('forgets the oldest rather than grow', () => {
    const ours = guard();
    for (let i = 0; i <= 100; i += 1) expect(ours.heard({ bootId: `${i}` }, 4_000)).toBe('alarm');
    expect(ours.heard({ bootId: '100' }, 4_000)).toBe('known');
    expect(ours.heard({ bootId: '0' }, 4_000)).toBe('alarm');
  });
});
