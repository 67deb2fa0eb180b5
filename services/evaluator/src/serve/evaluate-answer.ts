/**
 * The answer of Evaluate as bytes. Engines share evaluations between calls, so
 * what an answer says of one is encoded once, and what it says of the state
 * once in a millisecond: to encode both takes longer than to evaluate.
 */
import type { Evaluation } from '@flagstream/engine';
import { answerFields } from '@flagstream/protocol';
import { EvaluateResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { type AnswerRest, keptRest } from './answer-rest.ts';
import { KEPT_BYTES_MAX } from './encoded-result.ts';

/** As long as the engine keeps the evaluation. */
const kept = new WeakMap<Evaluation, Uint8Array>();

/** @param evaluation one without an error */
export function evaluateAnswer(evaluation: Evaluation, rest: AnswerRest): Buffer {
  return Buffer.concat([encodedFields(evaluation), encodedRest(rest)]);
}

function encodedFields(evaluation: Evaluation): Uint8Array {
  const known = kept.get(evaluation);
  if (known !== undefined) return known;
  const bytes = EvaluateResponse.encode({ ...NO_REST, ...answerFields(evaluation) }).finish();
  if (bytes.length <= KEPT_BYTES_MAX) kept.set(evaluation, bytes);
  return bytes;
}

const NO_FIELDS = { value: undefined, variant: '', reason: 0, ruleId: '', kind: 0, enabled: false } as const;
const NO_REST = { epoch: 0, revision: 0n, freshness: undefined, belowMinRevision: false } as const;

const encodedRest = keptRest((rest) => EvaluateResponse.encode({ ...NO_FIELDS, ...rest }).finish());
