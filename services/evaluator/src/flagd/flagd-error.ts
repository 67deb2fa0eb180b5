/** What went wrong with an evaluation, in the words and codes that flagd's clients know. */
import type { Evaluation } from '@flagstream/engine';
import { type AnswerPlace, evaluationResult } from '@flagstream/protocol';
import { ErrorCode } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { ForeignStatus } from '@flagstream/runtime';
import { Metadata, status } from '@grpc/grpc-js';
import type { AnswerView } from '../serve/answer-view.ts';

/** Of an evaluation that failed, or of an answer of another type than was asked for. */
export type FlagdErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TYPE_MISMATCH'
  | 'PARSE_ERROR'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

const CODES: Readonly<Record<ErrorCode, FlagdErrorCode>> = {
  [ErrorCode.UNSPECIFIED]: 'GENERAL',
  [ErrorCode.PROVIDER_NOT_READY]: 'GENERAL',
  [ErrorCode.FLAG_NOT_FOUND]: 'FLAG_NOT_FOUND',
  [ErrorCode.PARSE_ERROR]: 'PARSE_ERROR',
  [ErrorCode.TYPE_MISMATCH]: 'TYPE_MISMATCH',
  [ErrorCode.TARGETING_KEY_MISSING]: 'TARGETING_KEY_MISSING',
  [ErrorCode.INVALID_CONTEXT]: 'INVALID_CONTEXT',
  [ErrorCode.GENERAL]: 'GENERAL',
};

/** Codes without a status of their own are what clients make GENERAL of, and say more in their message. */
const STATUSES: Readonly<Record<FlagdErrorCode, status>> = {
  FLAG_NOT_FOUND: status.NOT_FOUND,
  TYPE_MISMATCH: status.INVALID_ARGUMENT,
  PARSE_ERROR: status.DATA_LOSS,
  TARGETING_KEY_MISSING: status.UNKNOWN,
  INVALID_CONTEXT: status.UNKNOWN,
  GENERAL: status.UNKNOWN,
};

export interface FlagdError {
  readonly code: FlagdErrorCode;
  readonly message: string;
}

/** The error of an evaluation that has one. */
export function flagdError(
  place: AnswerPlace & Pick<AnswerView, 'selected'>,
  evaluation: Evaluation,
): FlagdError {
  const { errorCode, errorMessage } = evaluationResult(place, evaluation);
  const code = CODES[errorCode];
  if (code === 'FLAG_NOT_FOUND' && place.selected !== undefined)
    return { code, message: `flag "${evaluation.flagKey}" is not among those that the selector names` };
  return { code, message: errorMessage };
}

export function flagdStatus({ code, message }: FlagdError): ForeignStatus {
  return new ForeignStatus(STATUSES[code], message, notAgain());
}

/**
 * Clients' retry policies take what stays wrong for a passing failure: Node's asked four times, over eight seconds, after
 * UNKNOWN, and Java's three times, over two to four seconds, after each of these, also for a flag that is not there.
 */
function notAgain(): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', '-1');
  return metadata;
}
