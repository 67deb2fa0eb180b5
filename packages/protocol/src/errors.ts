/**
 * The one error catalogue: a stable reason, its gRPC status, whether a retry of
 * the same call can help, and what to do next. Everything that fails on
 * purpose fails with one of these; anything else is INTERNAL at the edge.
 *
 * On the wire (AIP-193): status, short English message, and a
 * grpc-status-details-bin trailer with google.rpc.Status holding exactly one
 * ErrorInfo, and BadRequest, PreconditionFailure or RetryInfo where they apply.
 */
import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Duration } from './gen/google/protobuf/duration.ts';
import { BadRequest, ErrorInfo, PreconditionFailure, RetryInfo } from './gen/google/rpc/error_details.ts';
import { Status } from './gen/google/rpc/status.ts';

export const ERROR_DOMAIN = 'flagstream';

/** Violations that travel: the trailer must fit into the 8 KiB of headers that gRPC peers take. */
const FIELD_VIOLATIONS_MAX = 20;

/**
 * By reason: gRPC status, whether the same call may succeed later unchanged,
 * and what to do next.
 */
export const ERROR_CATALOGUE = {
  // What arrives is not right.
  INVALID_FIELD: { status: 'INVALID_ARGUMENT', retryable: false, next: 'Correct the named field.' },
  INVALID_NAME: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Use a resource name of the named form.',
  },
  UNKNOWN_FIELD: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Name fields of the resource in update_mask.',
  },
  INVALID_DEFINITION: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Correct the named fields; nothing was written.',
  },
  INVALID_DOCUMENT: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Correct the file at the named place.',
  },
  PAGE_TOKEN_MISMATCH: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Repeat the call with the arguments of the first page.',
  },
  LIMIT_EXCEEDED: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Make it smaller; the limit stands in the message.',
  },
  INVALID_CONTEXT: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Send the context as one JSON object within the limits.',
  },
  TARGETING_KEY_MISSING: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Send targetingKey in the context.',
  },
  TYPE_MISMATCH: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'Ask for the kind that the flag has.',
  },
  STREAM_PROTOCOL: {
    status: 'INVALID_ARGUMENT',
    retryable: false,
    next: 'The client broke the stream protocol: update it.',
  },
  // What is asked for is not there.
  PROJECT_NOT_FOUND: { status: 'NOT_FOUND', retryable: false, next: 'List the projects.' },
  ENVIRONMENT_NOT_FOUND: {
    status: 'NOT_FOUND',
    retryable: false,
    next: 'List the environments of the project.',
  },
  FLAG_NOT_FOUND: { status: 'NOT_FOUND', retryable: false, next: 'List the flags of the project.' },
  SEGMENT_NOT_FOUND: { status: 'NOT_FOUND', retryable: false, next: 'List the segments of the project.' },
  REVISION_NOT_FOUND: {
    status: 'NOT_FOUND',
    retryable: false,
    next: 'List the changes to see which revisions exist.',
  },
  // What is asked for is there already.
  ALREADY_EXISTS: { status: 'ALREADY_EXISTS', retryable: false, next: 'Update it, or choose another key.' },
  KEY_RETIRED: {
    status: 'ALREADY_EXISTS',
    retryable: false,
    next: 'Choose another key: keys are never reused.',
  },
  OP_ID_REUSED: { status: 'ALREADY_EXISTS', retryable: false, next: 'Send a new op_id with a new request.' },
  // The state does not allow it.
  ETAG_MISMATCH: {
    status: 'ABORTED',
    retryable: false,
    next: 'Read the resource again and repeat the change.',
  },
  ARCHIVED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Archived resources only have a history.',
  },
  PARENT_ARCHIVED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Its project or environment is archived.',
  },
  IN_USE: { status: 'FAILED_PRECONDITION', retryable: false, next: 'Remove the named uses first.' },
  COMMENT_REQUIRED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Say why in comment: the environment is protected.',
  },
  REVERT_CONFLICT: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Revert the later change first, or revert to a revision.',
  },
  REVISION_NOT_REACHED: {
    status: 'FAILED_PRECONDITION',
    retryable: true,
    next: 'Try again, or on another node.',
  },
  REVISION_FORKED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'The revision is not on this lineage: read again.',
  },
  STREAM_VERSION_UNSUPPORTED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Update the client or the server: they share no version of the stream protocol.',
  },
  LOG_FORKED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Another writer used this log: see the runbook.',
  },
  BEHIND_WINDOW: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Fetch a snapshot and continue from it.',
  },
  SCHEMA_TOO_NEW: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Run the release that wrote the data, or use --data DIR.',
  },
  DATA_DIR_LOCKED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop the other process, or use --data DIR.',
  },
  DATA_DIR_UNWRITABLE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Make it writable, or use --data DIR.',
  },
  PORT_IN_USE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop the other process, or use --port-base N.',
  },
  CONFIG_INVALID: { status: 'FAILED_PRECONDITION', retryable: false, next: 'Correct the listed settings.' },
  LOG_CORRUPT: {
    status: 'DATA_LOSS',
    retryable: false,
    next: 'Restore a backup; the damaged file was left as it is.',
  },
  DISK_COPY_UNUSABLE: {
    status: 'DATA_LOSS',
    retryable: false,
    next: 'Flags come from the server; make the folder writable to keep a copy.',
  },
  // Not now.
  NOT_READY: { status: 'UNAVAILABLE', retryable: true, next: 'Wait: no state was loaded yet.' },
  DRAINING: { status: 'UNAVAILABLE', retryable: true, next: 'Connect again: the server is going away.' },
  UNREACHABLE: {
    status: 'UNAVAILABLE',
    retryable: true,
    next: 'Check the address and that the server runs.',
  },
  OVERLOADED: { status: 'RESOURCE_EXHAUSTED', retryable: true, next: 'Wait for the retry delay.' },
  REQUEST_TOO_LARGE: { status: 'RESOURCE_EXHAUSTED', retryable: false, next: 'Send less in one call.' },
  STORAGE_FULL: { status: 'RESOURCE_EXHAUSTED', retryable: true, next: 'Free disk space; reads go on.' },
  TIMEOUT: { status: 'DEADLINE_EXCEEDED', retryable: true, next: 'Try again with more time.' },
  CANCELLED: { status: 'CANCELLED', retryable: false, next: 'The caller gave up.' },
  // Not this caller.
  UNAUTHENTICATED: { status: 'UNAUTHENTICATED', retryable: false, next: 'Send a valid key.' },
  PERMISSION_DENIED: { status: 'PERMISSION_DENIED', retryable: false, next: 'Use a key that may do this.' },
  // Not this release.
  NOT_BUILT: { status: 'UNIMPLEMENTED', retryable: false, next: 'Use a release that has it.' },
  UNIMPLEMENTED: {
    status: 'UNIMPLEMENTED',
    retryable: false,
    next: 'See reflection for the methods served here.',
  },
  // Our fault.
  EVALUATION_FAILED: {
    status: 'INTERNAL',
    retryable: false,
    next: 'The flag could not be evaluated: explain it.',
  },
  INTERNAL: { status: 'INTERNAL', retryable: false, next: 'A defect: see the server log.' },
} as const;

export type ErrorReason = keyof typeof ERROR_CATALOGUE;

/** One field that is wrong; `field` is its path in the request. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
  /** UPPER_SNAKE, for example an engine problem's code. */
  readonly reason?: string;
}

export interface ErrorOptions {
  readonly fields?: readonly FieldViolation[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** What fails on purpose. Match on `reason`. */
export class FlagstreamError extends Error {
  override readonly name = 'FlagstreamError';
  readonly reason: ErrorReason;
  readonly status: grpcStatus;
  readonly retryable: boolean;
  /** What to do next, one sentence. */
  readonly next: string;
  readonly fields: readonly FieldViolation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: ErrorReason, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const known = ERROR_CATALOGUE[reason];
    this.reason = reason;
    this.status = grpcStatus[known.status];
    this.retryable = known.retryable;
    this.next = known.next;
    this.fields = options.fields ?? [];
    this.metadata = options.metadata ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Makes one of the catalogue's errors, to be thrown. */
export function fail(reason: ErrorReason, message: string, options?: ErrorOptions): FlagstreamError {
  return new FlagstreamError(reason, message, options);
}

/** An invalid field, by its path in the request. */
export function invalidField(field: string, description: string): FlagstreamError {
  return new FlagstreamError('INVALID_FIELD', `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

/** A thrown value as what a gRPC handler answers. What is not ours becomes INTERNAL without its text. */
export function toServiceError(thrown: unknown): ServiceError {
  const error =
    thrown instanceof FlagstreamError
      ? thrown
      : new FlagstreamError('INTERNAL', 'internal error', { cause: thrown });
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(statusDetails(error)).finish()));
  return Object.assign(new Error(error.message), {
    code: error.status,
    details: error.message,
    metadata,
  });
}

function statusDetails(error: FlagstreamError): Status {
  const details = [any('google.rpc.ErrorInfo', ErrorInfo.encode(ErrorInfo.create(infoOf(error))).finish())];
  if (error.status === grpcStatus.INVALID_ARGUMENT && error.fields.length > 0) {
    const fieldViolations = error.fields
      .slice(0, FIELD_VIOLATIONS_MAX)
      .map((violation) => ({ reason: '', ...violation }));
    details.push(any('google.rpc.BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (error.status === grpcStatus.FAILED_PRECONDITION || error.status === grpcStatus.ABORTED) {
    const violations = [
      { type: error.reason, subject: error.metadata['name'] ?? '', description: error.message },
    ];
    details.push(any('google.rpc.PreconditionFailure', PreconditionFailure.encode({ violations }).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    const seconds = Math.floor(error.retryAfterMs / 1000);
    const retryDelay = { seconds: BigInt(seconds), nanos: (error.retryAfterMs - seconds * 1000) * 1_000_000 };
    details.push(any('google.rpc.RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return { code: error.status, message: error.message, details };
}

function infoOf(error: FlagstreamError): ErrorInfo {
  return {
    reason: error.reason,
    domain: ERROR_DOMAIN,
    metadata: { next: error.next, ...error.metadata },
  };
}

function any(type: string, value: Uint8Array): { typeUrl: string; value: Uint8Array } {
  return { typeUrl: `type.googleapis.com/${type}`, value };
}

/** What a client got back, as one of ours; foreign statuses keep their nearest reason. */
export function fromServiceError(error: ServiceError): FlagstreamError {
  const raw = error.metadata?.get('grpc-status-details-bin')[0];
  const details = raw === undefined ? undefined : decodeDetails(raw);
  const message = error.details === '' || error.details === undefined ? error.message : error.details;
  const reason = details?.reason ?? nearestReason(error.code, message);
  return new FlagstreamError(reason, message, { ...details?.options, cause: error });
}

function decodeDetails(
  raw: string | Buffer,
): { readonly reason: ErrorReason | undefined; readonly options: ErrorOptions } | undefined {
  try {
    const status = Status.decode(typeof raw === 'string' ? Buffer.from(raw, 'binary') : raw);
    let reason: ErrorReason | undefined;
    let metadata: Readonly<Record<string, string>> = {};
    let fields: readonly FieldViolation[] = [];
    let retryAfterMs: number | undefined;
    for (const { typeUrl, value } of status.details) {
      if (typeUrl.endsWith('/google.rpc.ErrorInfo')) {
        const info = ErrorInfo.decode(value);
        if (Object.hasOwn(ERROR_CATALOGUE, info.reason)) reason = info.reason as ErrorReason;
        metadata = info.metadata;
      } else if (typeUrl.endsWith('/google.rpc.BadRequest'))
        fields = BadRequest.decode(value).fieldViolations;
      else if (typeUrl.endsWith('/google.rpc.RetryInfo'))
        retryAfterMs = durationMs(RetryInfo.decode(value).retryDelay);
    }
    return { reason, options: { metadata, fields, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
  } catch (cause) {
    // A trailer that is not a Status is another server's business: the status code still counts.
    return { reason: undefined, options: { metadata: { details: String(cause) } } };
  }
}

function durationMs(duration: Duration | undefined): number {
  return duration === undefined
    ? 0
    : Number(duration.seconds) * 1000 + Math.round(duration.nanos / 1_000_000);
}

/** The reason that fits a bare status code, for servers that send no details. */
function nearestReason(code: grpcStatus, message: string): ErrorReason {
  switch (code) {
    case grpcStatus.INVALID_ARGUMENT:
      return 'INVALID_FIELD';
    case grpcStatus.NOT_FOUND:
      return 'FLAG_NOT_FOUND';
    case grpcStatus.ALREADY_EXISTS:
      return 'ALREADY_EXISTS';
    case grpcStatus.ABORTED:
      return 'ETAG_MISMATCH';
    case grpcStatus.FAILED_PRECONDITION:
      return 'REVISION_NOT_REACHED';
    case grpcStatus.UNAVAILABLE:
      return 'UNREACHABLE';
    case grpcStatus.RESOURCE_EXHAUSTED:
      // gRPC itself refuses large messages, with nothing but these words to tell it from overload.
      return message.includes('larger than max') ? 'REQUEST_TOO_LARGE' : 'OVERLOADED';
    case grpcStatus.DEADLINE_EXCEEDED:
      return 'TIMEOUT';
    case grpcStatus.CANCELLED:
      return 'CANCELLED';
    case grpcStatus.UNAUTHENTICATED:
      return 'UNAUTHENTICATED';
    case grpcStatus.PERMISSION_DENIED:
      return 'PERMISSION_DENIED';
    case grpcStatus.UNIMPLEMENTED:
      return 'UNIMPLEMENTED';
    default:
      return 'INTERNAL';
  }
}
