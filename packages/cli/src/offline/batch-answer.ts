/** What a batch answers to one line, as JSON text in a fixed order of members. Pure. */
import type { Evaluation } from '@flagstream/engine';
import type { BadLine, BatchRequest } from './batch-request.ts';

export function answerLine({ id, default: fallback }: BatchRequest, evaluation: Evaluation): string {
  const { value, variant, reason, ruleId, enabled, errorCode, errorMessage } = evaluation;
  // Members that are undefined are left out of the text.
  return JSON.stringify({
    id,
    value: value === undefined ? fallback : value,
    variant,
    reason,
    ruleId,
    enabled,
    error: errorCode && { code: errorCode, reason: errorMessage },
  });
}

export function badLineAnswer({ id, reason }: BadLine): string {
  return JSON.stringify({ id, error: { code: 'INVALID_ARGUMENT', reason } });
}
