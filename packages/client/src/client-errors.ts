/** How waiting for a client ends when what is waited for does not come. */
import { type FlagstreamError, fail } from '@flagstream/protocol';

/** @param missing what did not come, for example "no flags arrived" */
export function notReadyError(
  missing: string,
  timeoutMs: number,
  cause: FlagstreamError | undefined,
): FlagstreamError {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return fail('NOT_READY', `${missing} within ${timeoutMs} ms${why}`, { cause });
}

export function closedError(): FlagstreamError {
  return fail('CANCELLED', 'the client is closed');
}
