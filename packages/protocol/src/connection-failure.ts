/**
 * Why a connection or a call failed before a server answered, told from what grpc-js, Node and OpenSSL say of it: each
 * program says in its own words what to do next. Pure.
 */
import type { ServiceError } from '@grpc/grpc-js';
import type { FlagstreamError } from './errors.ts';

export interface ConnectionFailure {
  /** tls: a certificate is not trusted, not shown, or not the server's; cut-off: the other side speaks something else. */
  readonly kind: 'tls' | 'cut-off' | 'other';
  /** The last cause, such as "connect ECONNREFUSED 127.0.0.1:8013". */
  readonly cause: string;
}

/** Undefined: a server of ours answered, or what happened has other reasons. @param known `error` as one of ours */
export function connectionFailure(
  error: ServiceError,
  known: FlagstreamError,
): ConnectionFailure | undefined {
  const answered = (error.metadata?.get('grpc-status-details-bin').length ?? 0) > 0;
  if (answered || (known.reason !== 'UNREACHABLE' && known.reason !== 'TIMEOUT')) return undefined;
  // Only the end tells of this failure; a TLS connection may be reset for want of a certificate.
  const cause = lastCause(known.message);
  return { kind: TLS_FAILURE.test(cause) ? 'tls' : CUT_OFF.test(cause) ? 'cut-off' : 'other', cause };
}

/** Of grpc-js's long account only the last attempt. */
function lastCause(message: string): string {
  const last = /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/s.exec(message)?.[1];
  // "Failed to connect (2026-11-27T09:21:27.176Z)"
  return (last ?? message).trim().replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '');
}

/** What OpenSSL and Node say of certificates that are not trusted, not shown or not theirs, and of a peer without TLS. */
const TLS_FAILURE =
  /certificate|altnames|\balert\b|self[- ]signed|SSL routines|\bTLS\b|EPROTO|ERR_SSL|ERR_TLS/i;
/** How a peer that speaks TLS, or another protocol, takes plaintext: it closes. */
const CUT_OFF =
  /^Failed to connect\b|ECONNRESET|EPIPE|socket hang up|Connection dropped|Protocol error|ERR_HTTP2/i;
