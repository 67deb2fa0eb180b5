import type { Place } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { snapshotName, sortNames, tailName } from './cache-names.ts';
import { type FolderUse, needlessFiles } from './needless-files.ts';

const at = (revision: number, epoch = 1): Place => ({ epoch, revision });
const snap = (revision: number, epoch?: number): string => snapshotName(at(revision, epoch));
const tail = (revision: number, epoch?: number): string => tailName(at(revision, epoch));

const needless = (names: readonly string[], use: Partial<FolderUse> = {}): readonly string[] =>
  [
    ...needlessFiles(sortNames(names), {
      written: at(30),
      obsolete: false,
      unusable: new Set(),
      openTail: undefined,
      ...use,
    }),
  ].sort();

describe('needlessFiles', () => {
  it('keeps all behind a first snapshot: without it only the tail from the start is left', () => {
    expect(needless([tail(0), snap(30), tail(30)])).toEqual([]);
  });

  it('keeps two snapshots, and the tails from the older one on', () => {
    const names = [tail(0), snap(10), tail(10), snap(20), tail(20), snap(30), tail(30)];
    expect(needless(names)).toEqual([snap(10), tail(0), tail(10)]);
  });

  it('counts no snapshot that cannot be read', () => {
    const names = [snap(10), tail(10), snap(20), tail(20), snap(30)];
    expect(needless(names, { unusable: new Set([snap(20)]) })).toEqual([snap(20)]);
  });

  it('keeps of another branch only what is written now, and the tail that is open', () => {
    const names = [snap(40), tail(40), snap(20), snap(30, 2), tail(30, 2), tail(35, 2)];
    const use = { written: at(30, 2), obsolete: true };
    expect(needless(names, { ...use, openTail: at(35, 2) })).toEqual([snap(20), snap(40), tail(40)]);
    expect(needless(names, use)).toEqual([snap(20), snap(40), tail(40), tail(35, 2)]);
  });
});
