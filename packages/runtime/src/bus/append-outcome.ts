/**
 * What became of an append, from what nats.js threw. A definite answer is one
 * that the server gave about this very message; anything else is unknown.
 * Pure.
 */
import { messageOf } from '@flagstream/protocol';
import { ErrorCode, NatsError } from 'nats';
import type { AppendOutcome } from './bus.ts';

/** Server codes of a lost compare-and-set; the second one carries no sequence. */
const WRONG_LAST_SEQUENCE: ReadonlySet<number> = new Set([10071, 10164]);

/** Server codes of a definite no: wrong stream, too big, full, no resources, sealed. */
const REFUSALS: ReadonlySet<number> = new Set([10060, 10054, 10077, 10023, 10109]);

export type AppendFailure =
  | Exclude<AppendOutcome, { readonly kind: 'ok' | 'conflict' }>
  /** `lastSeq` undefined: the server did not say, ask it. */
  | { readonly kind: 'conflict'; readonly lastSeq: number | undefined };

export function appendFailure(error: unknown): AppendFailure {
  const detail = messageOf(error);
  if (!(error instanceof NatsError)) return { kind: 'unknown', detail };
  // nats.js has the same code, 503, for "no responders" and for a refusal: only api_error tells.
  const answer = error.api_error;
  const code = answer?.err_code;
  if (answer === undefined || code === undefined) {
    const never =
      error.code === ErrorCode.MaxPayloadExceeded || error.code === ErrorCode.PermissionsViolation;
    return { kind: never ? 'refused' : 'unknown', detail };
  }
  if (WRONG_LAST_SEQUENCE.has(code)) {
    const digits = /wrong last sequence: (\d+)/.exec(answer.description)?.[1];
    return { kind: 'conflict', lastSeq: digits === undefined ? undefined : Number(digits) };
  }
  const kind = REFUSALS.has(code) ? 'refused' : 'unknown';
  return { kind, detail: `${answer.description} (${code})` };
}
