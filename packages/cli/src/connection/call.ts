/**
 * One unary call, as a promise, with a deadline. Errors come back as the
 * catalogue's; one that never reached the server says which address and how to
 * name another.
 */
import {
  type ConnectionFailure,
  connectionFailure,
  type FlagstreamError,
  fail,
  fromServiceError,
} from '@flagstream/protocol';
import type { CallOptions, Client, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import { GRPC_PORTS } from '../command-hints.ts';
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
  const failure = connectionFailure(error, known);
  if (failure === undefined) return known;
  const { role, address } = endpoint;
  const what = known.reason === 'TIMEOUT' ? 'did not answer in time' : 'cannot be reached';
  return fail(known.reason, `the ${role} at ${address} ${what}: ${failure.cause}`, {
    metadata: { address, next: nextOf(failure, endpoint) },
    cause: error,
  });
}

/** What to type next, by what a connection failed with. */
function nextOf({ kind }: ConnectionFailure, { option, speaksTls }: Endpoint): string {
  const address = `Start one (flagstream dev), or name another with ${option} HOST:PORT.`;
  if (kind === 'other') return address;
  if (speaksTls)
    return 'Look at TLS: --ca-file names whom to trust, --cert-file and --key-file what to show where it is asked for; without these and --tls the connection is plaintext.';
  return `If it speaks TLS, add --tls or --ca-file FILE, and --cert-file with --key-file where it asks for a certificate. Else look at the port: ${GRPC_PORTS}. ${address}`;
}
