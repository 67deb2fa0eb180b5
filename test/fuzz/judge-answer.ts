// Whether a refusal is one that a caller can act on: of the catalogue, or one of the few that grpc-js itself makes
// before anything of ours is asked.

import { ERROR_CATALOGUE } from '@flagstream/protocol';
import { status } from '@grpc/grpc-js';
import type { Outcome } from './fuzz-input.ts';
import type { WireAnswer } from './grpc-wire.ts';

/**
 * What grpc-js answers by itself, by status and beginning of its words. Each is a call that is no gRPC at all, or
 * one for which nobody waits any more.
 */
const OF_GRPC_ITSELF: readonly (readonly [status, RegExp])[] = [
  [status.UNIMPLEMENTED, /^The server does not implement the method |compressed with unsupported encoding/],
  [status.RESOURCE_EXHAUSTED, /larger than max|decompresses to a size larger than/],
  [status.DEADLINE_EXCEEDED, /^Deadline exceeded/],
  [status.CANCELLED, /^/],
  // Told apart by grpc-js, with the status that the gRPC specification has for broken frames.
  [
    status.INTERNAL,
    /^Failed to decompress message|^Invalid grpc-timeout value|^Invalid (gRPC )?message frame/,
  ],
];

/** What flagd's clients are told of an evaluation. */
const OF_FLAGD = /^\/(flagd\.evaluation\.v[12]|schema\.v1)\.Service\/Resolve/;
const FLAGD_STATUSES: ReadonlySet<status> = new Set([
  status.NOT_FOUND,
  status.INVALID_ARGUMENT,
  status.DATA_LOSS,
  status.UNKNOWN,
]);

/** Half-closed without the one request, or with two: gRPC's own words for it. */
const MISCOUNTED = /^Received (a second|no) request message/;

export function judged(answer: WireAnswer, path: string): Outcome {
  switch (answer.end) {
    case 'silent':
      return { answer: 'silent', finding: 'a call got no answer' };
    case 'unsent':
    case 'left':
    case 'reset':
      return { answer: answer.end };
    case 'answered':
      return judgedStatus(answer, path);
  }
}

function judgedStatus({ grpcStatus = status.UNKNOWN, message, reason }: WireAnswer, path: string): Outcome {
  if (grpcStatus === status.OK) return { answer: 'OK' };
  const name = status[grpcStatus] ?? `status ${grpcStatus}`;
  if (reason === undefined) {
    const text = decodedText(message);
    // These contracts prescribe codes, and have no reasons.
    const prescribed =
      (path === '/grpc.health.v1.Health/Check' && grpcStatus === status.NOT_FOUND) ||
      (OF_FLAGD.test(path) && FLAGD_STATUSES.has(grpcStatus));
    const known =
      prescribed ||
      OF_GRPC_ITSELF.some(([code, words]) => code === grpcStatus && words.test(text)) ||
      MISCOUNTED.test(text);
    const answer = `${name} of gRPC`;
    return known ? { answer } : { answer, finding: `${name} without a reason: ${text.slice(0, 200)}` };
  }
  const answer = `${name} ${reason}`;
  if (!Object.hasOwn(ERROR_CATALOGUE, reason))
    return { answer, finding: `${reason} is not in the catalogue` };
  const entry = ERROR_CATALOGUE[reason as keyof typeof ERROR_CATALOGUE];
  if (status[entry.status] !== grpcStatus) return { answer, finding: `${reason} came as ${name}` };
  // Bad input is the caller's fault; whoever calls it the server's has a defect.
  if (grpcStatus === status.INTERNAL && reason === 'INTERNAL')
    return { answer, finding: `bad input was answered INTERNAL: ${message.slice(0, 200)}` };
  return { answer };
}

/** Percent-encoded, unless grpc-js repeats what the caller sent. */
function decodedText(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
