/** An answer of the engine as servers send it, so that it is printed alike. Pure. */
import type { Evaluation } from '@flagstream/engine';
import {
  ErrorCode,
  type EvaluationResult,
  errorCodeFromJSON,
  reasonFromJSON,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { FlagKind, flagKindFromJSON } from '@flagstream/protocol/gen/flagstream/v1/model';

export function offlineResult(evaluation: Evaluation): EvaluationResult {
  const { flagKey, value, variant, reason, ruleId, kind, enabled, errorCode, errorMessage } = evaluation;
  return {
    flagKey,
    value,
    variant: variant ?? '',
    reason: reasonFromJSON(`REASON_${reason}`),
    ruleId,
    kind: kind === undefined ? FlagKind.UNSPECIFIED : flagKindFromJSON(kind),
    enabled,
    errorCode: errorCode === undefined ? ErrorCode.UNSPECIFIED : errorCodeFromJSON(`ERROR_CODE_${errorCode}`),
    errorMessage: errorMessage ?? '',
  };
}
