/**
 * Connections whose peers cancel many calls. nghttp2 takes more than a thousand
 * resets of one connection at once, or 33 a second for long, for an attack and
 * cuts it with an error, and with all calls on their way; Node 20 has no way to
 * set that. A proxy before many callers with deadlines comes there honestly. So
 * the connection is asked to go before that: its calls are answered, its peer
 * opens another one, and who resets for the sake of it gains nothing.
 *
 * Source: nghttp2_option_set_stream_reset_rate_limit, and its defaults.
 */
import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { status } from '@grpc/grpc-js';
import { timeoutMs } from './load-shedder.ts';

/** Half of the thousand: calls are on their way, and their resets may come together. */
const RESETS_MAX = 500;
const RESETS_PER_SECOND = 33;
/**
 * A reset that crosses the answer is counted by nghttp2 and not seen here: what was answered in the later half of its
 * time counts as one, since it had waited in a socket before its time began here, and its answer waits in another.
 */
const LATE_SHARE = 0.5;
/** Short calls are late by chance, and nobody is overloaded then. */
const LATE_FROM_MS = 100;

/** To be called while the session is new. */
export function closeBeforeTooManyResets(session: ServerHttp2Session, monotonicMs: () => number): void {
  let resets = 0;
  let countedMs = monotonicMs();
  const countReset = (stream: ServerHttp2Stream, timeout: string | undefined, beganMs: number): void => {
    const nowMs = monotonicMs();
    const isReset = stream.rstCode !== constants.NGHTTP2_NO_ERROR || isPastDeadline(stream);
    if (!isReset && !isLate(nowMs - beganMs, timeout)) return;
    resets = Math.max(0, resets - ((nowMs - countedMs) / 1_000) * RESETS_PER_SECOND) + 1;
    countedMs = nowMs;
    if (resets > RESETS_MAX) session.close();
  };
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const timeout = headers['grpc-timeout']?.toString();
    const beganMs = monotonicMs();
    if (stream.closed || stream.destroyed) countReset(stream, timeout, beganMs);
    else stream.once('close', () => countReset(stream, timeout, beganMs));
  });
}

function isLate(passedMs: number, timeout: string | undefined): boolean {
  return passedMs > LATE_FROM_MS && timeout !== undefined && passedMs > timeoutMs(timeout) * LATE_SHARE;
}

/** It was told so: its caller has most likely given up as well, with a reset that comes behind the answer. */
function isPastDeadline({ sentHeaders, sentTrailers }: ServerHttp2Stream): boolean {
  const told = sentTrailers?.['grpc-status'] ?? sentHeaders?.['grpc-status'];
  return Number(told) === status.DEADLINE_EXCEEDED;
}
