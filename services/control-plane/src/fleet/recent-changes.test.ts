import { describe, expect, it } from 'vitest';
import { RecentChanges } from './recent-changes.ts';

const [DEV, PROD] = ['dev', 'prod'].map((environment) => ({ project: 'p', environment })) as [
  { project: string; environment: string },
  { project: string; environment: string },
];

describe('what has changed since a revision', () => {
  it('is said of each environment, and each record is read once', () => {
    const read: number[] = [];
    const changes = new RecentChanges(10, (revision) => {
      read.push(revision);
      return revision === 9 ? [PROD] : revision === 7 ? [DEV, PROD] : [];
    });
    const since = (revision: number): boolean[] => [DEV, PROD].map((place) => changes.since(revision, place));
    expect([since(10), since(9), since(8), since(7), since(6)]).toEqual([
      [false, false],
      [false, false],
      [false, true],
      [false, true],
      [true, true],
    ]);
    expect(read).toEqual([10, 9, 8, 7]);
  });

  it('is taken for something where that is too long ago', () => {
    let read = 0;
    const changes = new RecentChanges(1_000, () => {
      read += 1;
      return [];
    });
    expect([changes.since(900, DEV), changes.since(899, DEV)]).toEqual([false, true]);
    expect(read).toBe(100);
  });
});
