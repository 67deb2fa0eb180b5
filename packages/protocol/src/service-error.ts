/**
 * The catalogue's errors on the wire (AIP-193): status, short English message,
 * and a grpc-status-details-bin trailer with google.rpc.Status holding exactly
 * one ErrorInfo, and BadRequest, PreconditionFailure or RetryInfo where they
 * apply.
 */
import { status as grpcStatus, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  ERROR_CATALOGUE,
  ERROR_DOMAIN,
  type ErrorOptions,
  type ErrorReason,
  type FieldViolation,
  FlagstreamError,
} from './errors.ts';
import type { Duration } from './gen/google/protobuf/duration.ts';
import { BadRequest, ErrorInfo, PreconditionFailure, RetryInfo } from './gen/google/rpc/error_details.ts';
import { Status } from './gen/google/rpc/status.ts';

/** Violations that travel, as far as there is room for them. */
const FIELD_VIOLATIONS_MAX = 20;
/**
 * Of the trailer, which must fit into the 8 KiB of headers that gRPC peers take: base64 makes a third more of it, and
 * the message stands beside it once more. A trailer that does not fit is no answer at all.
 */
const DETAILS_BYTES_MAX = 4_096;
/** UTF-16 units of each text in it: what callers sent stands in messages. */
const DETAIL_LENGTH_MAX = 400;

/** A thrown value as what a gRPC handler answers. What is not ours becomes INTERNAL without its text. */
export function toServiceError(thrown: unknown): ServiceError {
  const error =
    thrown instanceof FlagstreamError
      ? thrown
      : new FlagstreamError('INTERNAL', 'internal error', { cause: thrown });
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', boundedDetails(error));
  // What gRPC libraries with a retry policy go by themselves by.
  if (error.retryAfterMs !== undefined) metadata.set('grpc-retry-pushback-ms', String(error.retryAfterMs));
  return Object.assign(new Error(error.message), {
    code: error.status,
    details: error.message,
    metadata,
  });
}

/** With as many violations as there is room for. */
function boundedDetails(error: FlagstreamError): Buffer {
  for (let violations = FIELD_VIOLATIONS_MAX; ; violations = Math.floor(violations / 2)) {
    const bytes = Buffer.from(Status.encode(statusDetails(error, violations)).finish());
    if (bytes.length <= DETAILS_BYTES_MAX || violations === 0) return bytes;
  }
}

function bounded(text: string): string {
  return text.length <= DETAIL_LENGTH_MAX ? text : `${text.slice(0, DETAIL_LENGTH_MAX - 1)}\u2026`;
}

function statusDetails(error: FlagstreamError, violationsMax: number): Status {
  const message = bounded(error.message);
  const details = [any('google.rpc.ErrorInfo', ErrorInfo.encode(ErrorInfo.create(infoOf(error))).finish())];
  if (error.status === grpcStatus.INVALID_ARGUMENT && error.fields.length > 0) {
    const fieldViolations = error.fields
      .slice(0, violationsMax)
      .map(({ field, description, reason = '' }) => ({
        field: bounded(field),
        description: bounded(description),
        reason,
      }));
    details.push(any('google.rpc.BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (error.status === grpcStatus.FAILED_PRECONDITION || error.status === grpcStatus.ABORTED) {
    const violations = [
      { type: error.reason, subject: bounded(error.metadata['name'] ?? ''), description: message },
    ];
    details.push(any('google.rpc.PreconditionFailure', PreconditionFailure.encode({ violations }).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    const seconds = Math.floor(error.retryAfterMs / 1000);
    const retryDelay = { seconds: BigInt(seconds), nanos: (error.retryAfterMs - seconds * 1000) * 1_000_000 };
    details.push(any('google.rpc.RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return { code: error.status, message, details };
}

function infoOf(error: FlagstreamError): ErrorInfo {
  return {
    reason: error.reason,
    domain: ERROR_DOMAIN,
    metadata: Object.fromEntries(
      Object.entries({ next: error.next, ...error.metadata }).map(([name, value]) => [name, bounded(value)]),
    ),
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
