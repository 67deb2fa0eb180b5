/**
 * One unary call, as a promise, with a deadline. Errors come back as the
 * catalogue's; one that never reached the server says which address and how to
 * name another.
 */
import { type FlagstreamError, fail, fromServiceError } from '@flagstream/protocol';
import type { CallOptions, Client, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import type { Endpoint } from './endpoint.ts';

export type UnaryMethod<I, O> = (
  request: I,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: O) => void,
) => ClientUnaryCall;

export interface CallSettings {
  readonly endpoint: Endpoint;
  readonly metadata: Metadata;
  readonly timeoutMs: number;
}

export function callUnary<I, O>(
  client: Client,
  method: UnaryMethod<I, O>,
  request: I,
  { endpoint, metadata, timeoutMs }: CallSettings,
): Promise<O> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + timeoutMs };
    method.call(client, request, metadata, options, (error, response) => {
      if (error === null) resolve(response);
      else reject(connectionError(error, endpoint));
    });
  });
}

/** What a call or stream ended with, in the words of somebody who typed an address. */
export function connectionError(error: ServiceError, endpoint: Endpoint): FlagstreamError {
  const known = fromServiceError(error);
  const answered = (error.metadata?.get('grpc-status-details-bin').length ?? 0) > 0;
  if (answered || (known.reason !== 'UNREACHABLE' && known.reason !== 'TIMEOUT')) return known;
  const what = known.reason === 'TIMEOUT' ? 'did not answer in time' : 'cannot be reached';
  return fail(
    known.reason,
    `the ${endpoint.role} at ${endpoint.address} ${what}: ${reasonOf(known.message)}`,
    {
      metadata: {
        address: endpoint.address,
        next: nextOf(known.message, endpoint),
      },
      cause: error,
    },
  );
}

/** Of grpc-js's long account only the last attempt. */
function reasonOf(message: string): string {
  const last = /Last error: (?:Error: )?(.*?)(?:\. Resolution note:.*)?$/s.exec(message)?.[1];
  return (last ?? message).trim();
}

/** What OpenSSL and Node say of certificates that are not trusted, not shown or not theirs, and of a peer without TLS. */
const TLS_FAILURE =
  /certificate|altnames|\balert\b|self[- ]signed|SSL routines|\bTLS\b|EPROTO|ERR_SSL|ERR_TLS/i;
/** How a peer that speaks TLS, or another protocol, takes plaintext: it closes. */
const CUT_OFF =
  /^Failed to connect\b|ECONNRESET|EPIPE|socket hang up|Connection dropped|Protocol error|ERR_HTTP2/i;

/** What to type next, by what a connection failed with. */
function nextOf(message: string, { option, speaksTls }: Endpoint): string {
  const address = `Start one (flagstream dev), or name another with ${option} HOST:PORT.`;
  // Only the end tells of this failure; a TLS connection may be reset for want of a certificate.
  const reason = reasonOf(message);
  if (speaksTls && (TLS_FAILURE.test(reason) || CUT_OFF.test(reason)))
    return 'Look at TLS: --ca-file names whom to trust, --cert-file and --key-file what to show where it is asked for; without these and --tls the connection is plaintext.';
  if (!speaksTls && (TLS_FAILURE.test(reason) || CUT_OFF.test(reason)))
    return `If it speaks TLS, add --tls or --ca-file FILE, and --cert-file with --key-file where it asks for a certificate. Else look at the port: gRPC has 8010 and 8013. ${address}`;
  return address;
}
