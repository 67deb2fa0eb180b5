/**
 * The answer to one message of EvaluateStream as bytes. What is wrong with one
 * evaluation is its result; whatever else it is, the answer has its id.
 */
import type { JsonObject } from '@flagstream/engine';
import {
  type AskedEvaluation,
  answerFields,
  checkedContext,
  checkedFlagKey,
  type ErrorReason,
  FlagstreamError,
  hasKind,
  kindMismatch,
  LIMITS,
  limitExceeded,
  type StreamedRequest,
} from '@flagstream/protocol';
import { ErrorCode, EvaluateStreamResponse, Reason } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FlagKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import type { AnswerBeginning } from './answer-beginning.ts';
import { keptRest } from './answer-rest.ts';
import type { AnswerView } from './answer-view.ts';
import { encodedEvaluation, encodedResult } from './encoded-result.ts';
import type { EvaluationCounts } from './evaluation-counts.ts';
import type { Stamp } from './serving.ts';
import type { Steps } from './shared-turns.ts';

/** EvaluateStreamResponse.id: field 2, a varint. */
const ID_TAG = 0x10;
/** The clock is asked between two steps; that costs as much as to evaluate a flag. */
const EVALUATIONS_PER_STEP = 8;

const RESULT_ERRORS: Partial<Readonly<Record<ErrorReason, ErrorCode>>> = {
  INVALID_CONTEXT: ErrorCode.INVALID_CONTEXT,
  TYPE_MISMATCH: ErrorCode.TYPE_MISMATCH,
};

/** All of it is of the state and the instant that it began with, whatever changes meanwhile. */
export function* streamedAnswer(
  request: StreamedRequest,
  state: AnswerView,
  counts: EvaluationCounts,
  { nowMs, rest }: AnswerBeginning,
): Steps<Buffer> {
  const shared = checkedContext(request.context(), 'context');
  const asking: Asking = { state, shared, counts, nowMs };
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let index = 0; index < request.evaluations; index++) {
    if (index % EVALUATIONS_PER_STEP === EVALUATIONS_PER_STEP - 1) yield;
    const result = encodedAnswer(request, index, asking);
    bytes += result.length;
    if (bytes > LIMITS.batchAnswerBytesMax) throw tooLarge();
    parts.push(result);
  }
  return frame(parts, request.id, encodedRest(rest()));
}

/** In the place of results: what the message failed with. */
export function streamedRefusal({ id }: StreamedRequest, error: FlagstreamError, stamp: Stamp): Buffer {
  const { reason, message, retryAfterMs } = error;
  const refused = EvaluateStreamResponse.encode({
    results: [],
    id: 0n,
    ...stamp,
    belowMinRevision: false,
    error: { reason, message, retryAfterMs: retryAfterMs ?? 0 },
  });
  return frame([], id, refused.finish());
}

interface Asking {
  readonly state: AnswerView;
  /** Context of evaluations that have none. */
  readonly shared: JsonObject;
  readonly counts: EvaluationCounts;
  readonly nowMs: number;
}

function encodedAnswer(request: StreamedRequest, index: number, asking: Asking): Uint8Array {
  let asked: AskedEvaluation | undefined;
  try {
    asked = request.evaluation(index);
    return evaluated(asked, index, asking);
  } catch (error) {
    if (!(error instanceof FlagstreamError)) throw error;
    return encodedError(asked?.flagKey ?? '', error);
  }
}

function evaluated(
  { flagKey, context, expectedKind }: AskedEvaluation,
  index: number,
  { state, shared, counts, nowMs }: Asking,
): Uint8Array {
  if (flagKey.length > LIMITS.keyLengthMax) checkedFlagKey(`evaluations[${index}].flag_key`, flagKey);
  const own = context === undefined ? shared : checkedContext(context, `evaluations[${index}].context`);
  const evaluation = state.set.evaluate(flagKey, own, nowMs);
  counts.add(evaluation);
  if (expectedKind !== 0 && evaluation.errorCode === undefined) {
    const { kind } = answerFields(evaluation);
    if (!hasKind(evaluation, kind, expectedKind)) throw kindMismatch(state, evaluation, expectedKind);
  }
  return encodedEvaluation(state, evaluation);
}

function encodedError(flagKey: string, { reason, message }: FlagstreamError): Uint8Array {
  return encodedResult({
    // A key that no flag can have is not said again.
    flagKey: flagKey.length > LIMITS.keyLengthMax ? '' : flagKey,
    value: undefined,
    variant: '',
    reason: Reason.ERROR,
    ruleId: '',
    kind: FlagKind.UNSPECIFIED,
    enabled: false,
    errorCode: RESULT_ERRORS[reason] ?? ErrorCode.GENERAL,
    errorMessage: message,
  });
}

function frame(results: readonly Uint8Array[], id: Uint8Array, rest: Uint8Array): Buffer {
  let length = 1 + id.length + rest.length;
  for (const result of results) length += result.length;
  const bytes = Buffer.allocUnsafe(id.length === 0 ? length - 1 : length);
  let at = 0;
  for (const result of results) {
    bytes.set(result, at);
    at += result.length;
  }
  if (id.length > 0) {
    bytes[at++] = ID_TAG;
    bytes.set(id, at);
    at += id.length;
  }
  bytes.set(rest, at);
  return bytes;
}

const encodedRest = keptRest((rest) =>
  EvaluateStreamResponse.encode({ results: [], id: 0n, ...rest, error: undefined }).finish(),
);

function tooLarge(): Error {
  return limitExceeded(
    'evaluations',
    `the answer is larger than ${LIMITS.batchAnswerBytesMax} bytes: send fewer in a message`,
  );
}
