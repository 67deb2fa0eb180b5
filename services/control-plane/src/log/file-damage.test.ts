import { fail } from '@flagstream/protocol';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { asDamage, asDiskFailure } from './file-damage.ts';

describe('asDiskFailure', () => {
  it.each([
    ['SQLITE_FULL', 'STORAGE_FULL', 'the disk is full: nothing was written'],
    ['SQLITE_IOERR_WRITE', 'STORAGE_FAILED', 'the disk fails (SQLITE_IOERR_WRITE): and so on'],
    ['SQLITE_IOERR_FSYNC', 'STORAGE_FAILED', 'the disk fails (SQLITE_IOERR_FSYNC): and so on'],
  ])('tells %s by the catalogue', (code, reason, message) => {
    const cause = new Database.SqliteError('disk I/O error', code);
    expect(asDiskFailure(cause, 'and so on')).toMatchObject({ reason, message, cause });
    expect(asDamage(cause, 'a.db')).toMatchObject({ reason });
  });

  it('leaves what else goes wrong as it is', () => {
    for (const error of [
      new Database.SqliteError('busy', 'SQLITE_BUSY'),
      fail('LOG_CORRUPT', 'x'),
      new Error('x'),
    ])
      expect(asDiskFailure(error, 'and so on')).toBe(error);
  });
});
