/** How a stream ended, in the words of somebody who set the client's options. */
import {
  type ConnectionFailure,
  connectionFailure,
  type FlagstreamError,
  fail,
  fromServiceError,
} from '@flagstream/protocol';
import type { ServiceError } from '@grpc/grpc-js';

export function dialError(error: ServiceError, endpoint: string, speaksTls: boolean): FlagstreamError {
  const known = fromServiceError(error);
  const failure = connectionFailure(error, known);
  if (failure === undefined) return known;
  return fail('UNREACHABLE', `the evaluator at ${endpoint} cannot be reached: ${failure.cause}`, {
    metadata: { address: endpoint, next: nextOf(failure, speaksTls) },
    cause: error,
  });
}

function nextOf({ kind }: ConnectionFailure, speaksTls: boolean): string {
  const address =
    'Start one there, or name another in target: its gRPC port, 8013 unless it was given another';
  if (kind === 'other') return `${address}.`;
  if (speaksTls)
    return 'Look at tls: rootCertificates is whom to trust, clientCertificate and clientKey what to show where it is asked for; without tls the connection is plaintext.';
  return `If it speaks TLS, set tls. ${address}.`;
}
