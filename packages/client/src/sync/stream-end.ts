/** Why a Sync stream ended, as one of the catalogue's errors. */
import { type ErrorReason, type FlagstreamError, fail } from '@flagstream/protocol';
import type { StreamErrorCode } from '@flagstream/replica';

export interface StreamEnd {
  readonly error: FlagstreamError;
  /** The node's state is older than this client's. */
  readonly behind: boolean;
}

/** Of a stream that has been live. */
export interface StreamLife {
  readonly liveMs: number;
  /** What its server said: the longest wait before the next attempt if the stream is lost. */
  readonly reconnectSpreadMs: number;
}

const REASONS: Readonly<Record<StreamErrorCode, ErrorReason>> = {
  behind: 'REVISION_NOT_REACHED',
  overloaded: 'OVERLOADED',
  protocol: 'STREAM_PROTOCOL',
  'not-ready': 'NOT_READY',
  unauthenticated: 'UNAUTHENTICATED',
};

/** @param code what the server said; absent: this side found out, or the server just went away */
export function streamEnd(detail: string, code?: StreamErrorCode, retryAfterMs?: number): StreamEnd {
  const reason = code === undefined ? 'UNREACHABLE' : REASONS[code];
  const error = fail(reason, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
  return { error, behind: code === 'behind' };
}
