/**
 * What the command's exit code says. Scripts rely on these: a code is never
 * given another meaning.
 */
import { ERROR_CATALOGUE, type ErrorReason, FlagstreamError } from '@flagstream/protocol';
import { UsageError } from './usage-error.ts';

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  /** Somebody else was first: a stale etag, a taken key, a later change. */
  conflict: 4,
  denied: 5,
  /** Nobody answered in time; the same call may succeed later. */
  unavailable: 6,
  /** What was sent is not valid. */
  validation: 7,
  /** `plan` and `diff`: there are changes. */
  changes: 10,
  /** EX_CONFIG of sysexits. */
  config: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

type StatusName = (typeof ERROR_CATALOGUE)[ErrorReason]['status'];

const BY_STATUS: Readonly<Record<StatusName, ExitCode>> = {
  INVALID_ARGUMENT: EXIT.validation,
  NOT_FOUND: EXIT.notFound,
  ALREADY_EXISTS: EXIT.conflict,
  ABORTED: EXIT.conflict,
  FAILED_PRECONDITION: EXIT.failure,
  UNAUTHENTICATED: EXIT.denied,
  PERMISSION_DENIED: EXIT.denied,
  UNAVAILABLE: EXIT.unavailable,
  DEADLINE_EXCEEDED: EXIT.unavailable,
  RESOURCE_EXHAUSTED: EXIT.unavailable,
  CANCELLED: EXIT.interrupted,
  UNIMPLEMENTED: EXIT.failure,
  INTERNAL: EXIT.failure,
  DATA_LOSS: EXIT.failure,
};

/** Reasons that mean something else than their status. */
const BY_REASON: Partial<Readonly<Record<ErrorReason, ExitCode>>> = {
  REVERT_CONFLICT: EXIT.conflict,
  COMMENT_REQUIRED: EXIT.validation,
  REVISION_NOT_REACHED: EXIT.unavailable,
  REQUEST_TOO_LARGE: EXIT.validation,
  BACKUP_UNUSABLE: EXIT.notFound,
  BACKUP_TARGET_EXISTS: EXIT.conflict,
  DATA_DIR_NOT_EMPTY: EXIT.conflict,
  CONFIG_INVALID: EXIT.config,
};

/** The code for a reason of the catalogue. */
export function exitCodeOfReason(reason: ErrorReason): ExitCode {
  return BY_REASON[reason] ?? BY_STATUS[ERROR_CATALOGUE[reason].status];
}

/** The code for anything that was thrown. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof UsageError) return EXIT.usage;
  if (thrown instanceof FlagstreamError) return exitCodeOfReason(thrown.reason);
  return EXIT.failure;
}
