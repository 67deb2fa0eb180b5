/** How waiting for a client ends when what is waited for does not come. */
import { type FlagstreamError, fail } from '@flagstream/protocol';

/** Why nothing has come so far. */
export interface Hindrance {
  readonly endpoints: readonly string[];
  /** The newest failure of a stream, and where. */
  readonly failed: { readonly error: FlagstreamError; readonly endpoint: string } | undefined;
  /** The newest of any kind: of a file, for example. */
  readonly lastError: FlagstreamError | undefined;
}

/** @param missing what did not come, for example "no flags arrived" */
export function notReadyError(
  missing: string,
  timeoutMs: number,
  cause: FlagstreamError | undefined,
): FlagstreamError {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return fail('NOT_READY', `${missing} within ${timeoutMs} ms${why}`, { cause });
}

/** The same of a client that follows servers: where it asked, what happened there, and what to do next. */
export function notReachedError(missing: string, timeoutMs: number, hindrance: Hindrance): FlagstreamError {
  const { endpoints, failed, lastError } = hindrance;
  const cause = failed?.error ?? lastError;
  const address = failed?.endpoint ?? endpoints.join(', ');
  const next = cause?.metadata['next'] ?? (failed === undefined ? NOBODY : failed.error.next);
  const message = `${missing} within ${timeoutMs} ms: ${whyOf(hindrance)}. ${next}`;
  return fail('NOT_READY', message, { cause, metadata: { address, next } });
}

const NOBODY = 'Check target, and that an evaluator runs there; where one only needs longer, wait longer.';

function whyOf({ endpoints, failed, lastError }: Hindrance): string {
  if (failed === undefined) {
    const silent = `the evaluator at ${endpoints.join(' or ')} has not answered`;
    return lastError === undefined ? silent : `${silent}; ${sentence(lastError)}`;
  }
  const said = sentence(failed.error);
  return said.includes(failed.endpoint) ? said : `the evaluator at ${failed.endpoint} says: ${said}`;
}

function sentence({ message }: FlagstreamError): string {
  return message.replace(/\.$/, '');
}

export function closedError(): FlagstreamError {
  return fail('CANCELLED', 'the client is closed');
}
