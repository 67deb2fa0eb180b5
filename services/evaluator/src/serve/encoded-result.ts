/**
 * One result of a batch or a stream as bytes: the field 1 of ContextResults and
 * of EvaluateStreamResponse. Encoding is most of what a result costs, and
 * engines share evaluations between contexts, so most are encoded once.
 */
import type { Evaluation } from '@flagstream/engine';
import { type AnswerPlace, evaluationResult } from '@flagstream/protocol';
import { ContextResults, type EvaluationResult } from '@flagstream/protocol/gen/flagstream/v1/evaluation';

/** Large values are encoded anew for each answer: each rule that serves one would keep a copy of it. */
export const KEPT_BYTES_MAX = 1_024;

/** As long as the engine keeps the evaluation. */
const kept = new WeakMap<Evaluation, Uint8Array>();

export function encodedEvaluation(place: AnswerPlace, evaluation: Evaluation): Uint8Array {
  const known = kept.get(evaluation);
  if (known !== undefined) return known;
  const bytes = encodedResult(evaluationResult(place, evaluation));
  // What an error says depends on the place.
  if (evaluation.errorCode === undefined && bytes.length <= KEPT_BYTES_MAX) kept.set(evaluation, bytes);
  return bytes;
}

export function encodedResult(result: EvaluationResult): Uint8Array {
  return ContextResults.encode({ results: [result] }).finish();
}
