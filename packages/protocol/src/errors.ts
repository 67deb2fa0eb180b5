/**
 * The one error catalogue: a stable reason, its gRPC status, whether a retry of
 * the same call can help, and what to do next. Everything that fails on
 * purpose fails with one of these; anything else is INTERNAL at the edge.
 */
import { GRPC_STATUS } from './grpc-status.ts';

export const ERROR_DOMAIN = 'flagstream';

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
  KEY_NOT_FOUND: { status: 'NOT_FOUND', retryable: false, next: 'List the keys.' },
  NODE_NOT_FOUND: { status: 'NOT_FOUND', retryable: false, next: 'List the nodes.' },
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
  NODE_LIVE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop it first, or wait until it counts as lost.',
  },
  IN_USE: { status: 'FAILED_PRECONDITION', retryable: false, next: 'Remove the named uses first.' },
  KEY_ENDED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Make a new key: this one was revoked or has expired.',
  },
  KEY_SECRETS_MAX: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Wait until the older secret has run out, or end it now (retire_older).',
  },
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
    next: 'Another writer used this log: stop one of the two, then take over (flagstream log reseed --take-over).',
  },
  REVISIONS_MISSING: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Restore a newer backup; to go on without the missing revisions, take over (flagstream log reseed --take-over).',
  },
  SECOND_CONTROL_PLANE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop the other control plane first: a log has one writer.',
  },
  BEHIND_WINDOW: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Fetch a snapshot and continue from it.',
  },
  SCHEMA_TOO_NEW: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Run the release that wrote the data, or use --data DIR; where only NATS holds it, take over to go on without it (flagstream log reseed --take-over).',
  },
  DATA_DIR_LOCKED: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop the other process, or use another folder.',
  },
  DATA_DIR_UNWRITABLE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Make it writable, or use --data DIR.',
  },
  DATA_DIR_NOT_EMPTY: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Use another folder, or --replace: the old files are kept aside by name.',
  },
  NOT_SHIPPING: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Start the control plane with nats.url: without it there is no stream.',
  },
  BACKUP_TARGET_EXISTS: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Choose another file: a backup is never overwritten.',
  },
  BACKUP_UNUSABLE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Name a file that flagstream backup create has written, or a data folder.',
  },
  PORT_IN_USE: {
    status: 'FAILED_PRECONDITION',
    retryable: false,
    next: 'Stop the other process, or choose other ports.',
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
  WRITES_HELD: {
    status: 'UNAVAILABLE',
    retryable: true,
    next: 'Try again; flagstream log status says what the log waits for.',
  },
  NOT_SHIPPED: {
    status: 'UNAVAILABLE',
    retryable: true,
    next: 'The change is committed, but NATS has not confirmed it: repeat it with the op_id of the message.',
  },
  DRAINING: { status: 'UNAVAILABLE', retryable: true, next: 'Connect again: the server is going away.' },
  UNREACHABLE: {
    status: 'UNAVAILABLE',
    retryable: true,
    next: 'Check the address and that the server runs.',
  },
  OVERLOADED: { status: 'RESOURCE_EXHAUSTED', retryable: true, next: 'Wait for the retry delay.' },
  REQUEST_TOO_LARGE: { status: 'RESOURCE_EXHAUSTED', retryable: false, next: 'Send less in one call.' },
  STORAGE_FAILED: {
    status: 'UNAVAILABLE',
    retryable: true,
    next: 'Look at the disk, its quota and the log of the system; a change may be there all the same: repeat it with its op_id.',
  },
  STORAGE_FULL: { status: 'RESOURCE_EXHAUSTED', retryable: true, next: 'Free disk space; reads go on.' },
  TIMEOUT: { status: 'DEADLINE_EXCEEDED', retryable: true, next: 'Try again with more time.' },
  CANCELLED: { status: 'CANCELLED', retryable: false, next: 'The caller gave up.' },
  // Not this caller.
  UNAUTHENTICATED: { status: 'UNAUTHENTICATED', retryable: false, next: 'Send a valid key.' },
  PERMISSION_DENIED: { status: 'PERMISSION_DENIED', retryable: false, next: 'Use a key that may do this.' },
  // Not this release.
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
  /** gRPC status code. */
  readonly status: number;
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
    this.status = GRPC_STATUS[known.status];
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

/** The same error, saying more about where it comes from; what it says already stays. */
export function withMetadata(
  error: FlagstreamError,
  metadata: Readonly<Record<string, string>>,
): FlagstreamError {
  const { reason, message, fields, retryAfterMs, cause } = error;
  return new FlagstreamError(reason, message, {
    fields,
    metadata: { ...metadata, ...error.metadata },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause,
  });
}

/** An invalid field, by its path in the request. */
export function invalidField(field: string, description: string): FlagstreamError {
  return new FlagstreamError('INVALID_FIELD', `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

/** A field that holds more than is allowed, by its path in the request. */
export function limitExceeded(field: string, description: string): FlagstreamError {
  return new FlagstreamError('LIMIT_EXCEEDED', `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

/** What something caught says: anything can be thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Whether something caught is the operating system's error of this code, for example ENOENT. */
export function isSystemError(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
