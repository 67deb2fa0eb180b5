/** One line of `flagstream doctor`: which part of the installation, what was looked at, what was found. */
import type { Finding } from '@flagstream/runtime';
import { EXIT, type ExitCode } from '../exit-code.ts';

export interface DoctorRow extends Finding {
  /** "nats", or a role and its address. */
  readonly part: string;
  /** Nobody answered: the same call may find something else later. */
  readonly unreachable?: true;
}

/** Failure when something does not do what Flagstream relies on; unavailable when all that failed did not answer. */
export function exitCodeOfRows(rows: readonly DoctorRow[]): ExitCode {
  const failed = rows.filter(({ verdict }) => verdict === 'fail');
  if (failed.length === 0) return EXIT.ok;
  return failed.every(({ unreachable }) => unreachable === true) ? EXIT.unavailable : EXIT.failure;
}
