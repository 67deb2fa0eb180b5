// Cases that fail, as the runner names them, and why. A case stays judged: it may fail by these complaints alone, and one
// that passes is a failure of this list.

export interface KnownFailure {
  readonly reason: string;
  readonly cases: readonly string[];
  readonly complaint: RegExp;
}

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    reason:
      'what answers a unary call sends its message, or an error with trailers: no method of ours has headers to send',
    cases: [
      'Basic/**/unary/success',
      'Connect with GET/**/success',
      'Duplicate Metadata/**/unary/*',
      'Errors/**/unary/error-with-metadata',
    ],
    complaint: /^actual response (headers|trailers) missing "x-custom-(header|trailer)(-bin)?"$/,
  },
  {
    reason: 'grpc-js looks at the encoding of a message that says it is packed, and at nothing else',
    cases: [
      'gRPC Unexpected Requests/**/unexpected-compression',
      'gRPC Unexpected Requests/**/unexpected-compressed-message',
    ],
    complaint: /^(expecting an error but received none|expecting 0 response messages but instead got 1)$/,
  },
];
