import { describe, expect, it } from 'vitest';
import { type SnapshotEvent, SnapshotSchedule } from './snapshot-schedule.ts';

const SETTINGS = { revisions: 1000, bytes: 4096, delayMs: 300_000, retryMs: 5_000 };

/** A schedule that may write, at a log of so many revisions. */
function schedule(revisions = 0) {
  const reducer = new SnapshotSchedule(SETTINGS, revisions, 0);
  const at = (nowMs: number, event: SnapshotEvent): boolean => reducer.handle(event, nowMs);
  return { at, startsDue: at(0, { type: 'possible', possible: true }) };
}
const grown = (revisions: number, bytes = 1): SnapshotEvent => ({ type: 'grown', revisions, bytes });

describe('SnapshotSchedule', () => {
  it('writes after so many revisions, and counts from there', () => {
    const { at } = schedule();
    expect(at(1, grown(999))).toBe(false);
    expect(at(2, grown(1))).toBe(true);
    expect(at(3, { type: 'put' })).toBe(false);
    expect(at(4, grown(999))).toBe(false);
    expect(at(5, grown(1))).toBe(true);
  });

  it('writes after so many bytes', () => {
    const { at } = schedule();
    expect(at(1, grown(1, 4095))).toBe(false);
    expect(at(2, grown(1, 1))).toBe(true);
  });

  it('writes a change at the latest after the delay, and nothing when nothing changed', () => {
    const { at } = schedule();
    expect(at(900_000, { type: 'tick' })).toBe(false);
    at(1_000_000, grown(1));
    at(1_200_000, grown(1));
    expect(at(1_299_999, { type: 'tick' })).toBe(false);
    expect(at(1_300_000, { type: 'tick' })).toBe(true);
    at(1_300_001, { type: 'put' });
    expect(at(9_000_000, { type: 'tick' })).toBe(false);
  });

  it('writes at once what is demanded', () => {
    expect(schedule().at(1, { type: 'demanded' })).toBe(true);
  });

  it('takes nothing of what was there at the start for granted', () => {
    expect(schedule(1000).startsDue).toBe(true);
    const { at, startsDue } = schedule(10);
    expect(startsDue).toBe(false);
    expect(at(300_000, { type: 'tick' })).toBe(true);
  });

  it('writes one at a time; what changed meanwhile counts for the next', () => {
    const { at } = schedule();
    at(1, grown(1000));
    expect(at(2, grown(1000))).toBe(false);
    expect(at(3, { type: 'demanded' })).toBe(false);
    expect(at(4, { type: 'put' })).toBe(true);
  });

  it('tries again after a pause, and only while NATS takes it', () => {
    const { at } = schedule();
    at(1, { type: 'demanded' });
    expect(at(2, { type: 'put-failed' })).toBe(false);
    expect(at(5_001, { type: 'tick' })).toBe(false);
    at(5_002, { type: 'possible', possible: false });
    expect(at(6_000, { type: 'tick' })).toBe(false);
    expect(at(7_000, { type: 'possible', possible: true })).toBe(true);
  });
});
