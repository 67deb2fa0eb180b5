import { ERROR_CATALOGUE, type ErrorReason, fail } from '@flagstream/protocol';
import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf, exitCodeOfReason } from './exit-code.ts';
import { UsageError } from './usage-error.ts';

describe('exit codes', () => {
  it.each([
    ['FLAG_NOT_FOUND', 3],
    ['ETAG_MISMATCH', 4],
    ['ALREADY_EXISTS', 4],
    ['REVERT_CONFLICT', 4],
    ['UNAUTHENTICATED', 5],
    ['PERMISSION_DENIED', 5],
    ['UNREACHABLE', 6],
    ['TIMEOUT', 6],
    ['INVALID_DEFINITION', 7],
    ['INVALID_DOCUMENT', 7],
    ['COMMENT_REQUIRED', 7],
    ['PORT_IN_USE', 1],
    ['DATA_DIR_LOCKED', 1],
    ['SCHEMA_TOO_NEW', 1],
    ['LOG_CORRUPT', 1],
    ['BACKUP_UNUSABLE', 3],
    ['DATA_DIR_NOT_EMPTY', 4],
    ['CONFIG_INVALID', 78],
    ['CANCELLED', 130],
  ] as const)('%s gives %i', (reason, code) => {
    expect(exitCodeOf(fail(reason, 'x'))).toBe(code);
  });

  it('never say ok or changes for an error', () => {
    const codes = (Object.keys(ERROR_CATALOGUE) as ErrorReason[]).map(exitCodeOfReason);
    expect(codes.filter((code) => code === EXIT.ok || code === EXIT.changes || code === EXIT.usage)).toEqual(
      [],
    );
  });

  it('tell usage from defects', () => {
    expect(exitCodeOf(new UsageError('a', 'b'))).toBe(2);
    expect(exitCodeOf(new TypeError('a'))).toBe(1);
  });
});
