/**
 * What goes wrong as OFREP answers it: a status, and a body in which every client finds what it looks for. Java's throws
 * where `metadata` is missing, Python's where `errorDetails` is, and both read bodies of every status.
 */
import type { JsonObject } from '@flagstream/engine';
import { type ErrorReason, FlagstreamError } from '@flagstream/protocol';
import type { FlagdErrorCode } from '../flagd/flagd-error.ts';

/** OFREP asks for no type, so it has no TYPE_MISMATCH. */
export type OfrepErrorCode = Exclude<FlagdErrorCode, 'TYPE_MISMATCH'>;

export interface Refusal {
  readonly status: number;
  readonly code: OfrepErrorCode;
  readonly details: string;
  /** In whole seconds. */
  readonly retryAfterSeconds: number | undefined;
}

const STATUSES: Partial<Readonly<Record<ErrorReason, number>>> = {
  INVALID_FIELD: 400,
  INVALID_CONTEXT: 400,
  LIMIT_EXCEEDED: 400,
  TARGETING_KEY_MISSING: 400,
  REVISION_FORKED: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  PROJECT_NOT_FOUND: 404,
  ENVIRONMENT_NOT_FOUND: 404,
  FLAG_NOT_FOUND: 404,
  REQUEST_TOO_LARGE: 413,
  OVERLOADED: 429,
  NOT_READY: 503,
  DRAINING: 503,
  TIMEOUT: 503,
};

const CODES: Partial<Readonly<Record<ErrorReason, OfrepErrorCode>>> = {
  INVALID_CONTEXT: 'INVALID_CONTEXT',
  TARGETING_KEY_MISSING: 'TARGETING_KEY_MISSING',
  FLAG_NOT_FOUND: 'FLAG_NOT_FOUND',
  PROJECT_NOT_FOUND: 'FLAG_NOT_FOUND',
  ENVIRONMENT_NOT_FOUND: 'FLAG_NOT_FOUND',
};

/** Who is told to come back, and not when, may come back after this. */
const RETRY_AFTER_SECONDS = 1;

/** Undefined: nobody foresaw it. */
export function refusalOf(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof FlagstreamError)) return undefined;
  const { reason, message, retryAfterMs } = thrown;
  const status = STATUSES[reason];
  if (status === undefined) return undefined;
  const isLater = status === 429 || status === 503;
  return {
    status,
    code: CODES[reason] ?? 'GENERAL',
    details: message,
    retryAfterSeconds: isLater
      ? Math.max(RETRY_AFTER_SECONDS, Math.ceil((retryAfterMs ?? 0) / 1_000))
      : undefined,
  };
}

/** Of a defect. What it was stands in the log. */
export const DEFECT: Refusal = {
  status: 500,
  code: 'GENERAL',
  details: 'internal error',
  retryAfterSeconds: undefined,
};

/** @param flagKey of the flag that was asked for; undefined: all, or none that is known */
export function errorBody(
  { code, details }: Pick<Refusal, 'code' | 'details'>,
  flagKey: string | undefined,
  metadata: JsonObject = {},
): JsonObject {
  const key = flagKey === undefined ? {} : { key: flagKey };
  return { ...key, errorCode: code, errorDetails: details, reason: 'ERROR', metadata };
}
