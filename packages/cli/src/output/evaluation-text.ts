/** Answers of an evaluator in few words. */
import {
  type ErrorCode,
  errorCodeToJSON,
  type Freshness,
  type Reason,
  reasonToJSON,
  SourceState,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { UNBOUNDED_MS } from '@flagstream/replica';

/** "TARGETING_MATCH", as OpenFeature writes it. */
export function reasonText(reason: Reason): string {
  return reasonToJSON(reason).replace(/^REASON_/, '');
}

export function errorCodeText(code: ErrorCode): string {
  return errorCodeToJSON(code).replace(/^ERROR_CODE_/, '');
}

/** JSON of the value; without one, the caller's default applies. */
export function valueText(value: unknown): string {
  return value === undefined ? "(the caller's default)" : JSON.stringify(value);
}

/** A source that delivers and whose head nobody has confirmed for this long may be cut off from who writes. */
const CONFIRMED_MS = 10_000;

/** A word of warning where an answer may be old, or undefined. */
export function freshnessWarning(freshness: Freshness | undefined): string | undefined {
  switch (freshness?.source) {
    case SourceState.LIVE:
    case SourceState.FALLBACK:
      return freshness.stalenessMs <= CONFIRMED_MS
        ? undefined
        : `nobody confirms that the evaluator's state is the newest: it may be ${ageText(freshness.stalenessMs)}`;
    case SourceState.STALE_CACHE:
      return `the evaluator serves its last good state, ${ageText(freshness.stalenessMs)}: nothing answers it`;
    case SourceState.FROZEN:
      return 'the evaluator stopped before a record that it cannot read: update it';
    case SourceState.DIVERGED:
      return "the evaluator's log differs from the cluster's: it serves its last good state";
    default:
      return undefined;
  }
}

function ageText(ms: number): string {
  if (ms === UNBOUNDED_MS) return 'of unknown age';
  return ms < 120_000 ? `${Math.round(ms / 1000)} s old` : `${Math.round(ms / 60_000)} min old`;
}
