/**
 * Answers as the application sees them: the engine's result, checked against
 * the type that was asked for, with where and how old the state is. Nothing
 * here throws: what is wrong is answered with the caller's default.
 */
import type { Evaluation, EvaluationErrorCode, FlagKind, JsonValue, Reason } from '@flagstream/engine';
import type { Staleness } from './client-events.ts';

export type DetailsErrorCode = EvaluationErrorCode | 'PROVIDER_NOT_READY';

/** A value and why it was served. Match on `reason` and `errorCode`. */
export interface FlagDetails<T> {
  readonly flagKey: string;
  readonly value: T;
  /** Absent: the caller's default was served. */
  readonly variant?: string;
  readonly reason: Reason;
  /** Rule that served the value; "" for targets, fallthrough and off. */
  readonly ruleId: string;
  /** Present exactly when the reason is ERROR. */
  readonly errorCode?: DetailsErrorCode;
  readonly errorMessage?: string;
  /** 0 while nothing from a server is in force. */
  readonly epoch: number;
  readonly revision: number;
  readonly staleness: Staleness;
}

/** What every answer of one moment shares. */
export type Provenance = Pick<FlagDetails<never>, 'epoch' | 'revision' | 'staleness'>;

/** A kind that a caller can ask for. */
export type ValueType = 'boolean' | 'string' | 'number' | 'object';

const KINDS: Readonly<Record<ValueType, FlagKind>> = {
  boolean: 'FLAG_KIND_BOOLEAN',
  string: 'FLAG_KIND_STRING',
  number: 'FLAG_KIND_NUMBER',
  object: 'FLAG_KIND_OBJECT',
};

/** Whether an evaluation may be answered to a caller who asked for this type. */
export function hasType(evaluation: Evaluation, type: ValueType): boolean {
  const { kind, value } = evaluation;
  // A flag of any kind answers its value's own kind, so it has no type only where it has no value.
  return kind === KINDS[type] || (kind === 'FLAG_KIND_ANY' && value === undefined);
}

export function detailsOf<T extends JsonValue>(
  evaluation: Evaluation,
  type: ValueType,
  defaultValue: T,
  provenance: Provenance,
): FlagDetails<T> {
  if (evaluation.errorCode === undefined && !hasType(evaluation, type)) {
    const errorMessage = `The flag "${evaluation.flagKey}" is of kind ${evaluation.kind}, not ${KINDS[type]}.`;
    return failed(evaluation.flagKey, defaultValue, 'TYPE_MISMATCH', errorMessage, provenance);
  }
  const value = evaluation.value === undefined ? defaultValue : (evaluation.value as T);
  return { ...rawDetailsOf(evaluation, provenance), value };
}

export function rawDetailsOf(
  evaluation: Evaluation,
  provenance: Provenance,
): FlagDetails<JsonValue | undefined> {
  const { flagKey, value, variant, reason, ruleId, errorCode, errorMessage } = evaluation;
  return {
    flagKey,
    value,
    ...(variant === undefined ? {} : { variant }),
    reason,
    ruleId,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
    ...provenance,
  };
}

/** Nothing is in force yet. */
export function notReady<T>(flagKey: string, defaultValue: T, provenance: Provenance): FlagDetails<T> {
  const errorMessage = 'No flags have arrived yet: wait for waitForReady().';
  return failed(flagKey, defaultValue, 'PROVIDER_NOT_READY', errorMessage, provenance);
}

function failed<T>(
  flagKey: string,
  value: T,
  errorCode: DetailsErrorCode,
  errorMessage: string,
  provenance: Provenance,
): FlagDetails<T> {
  return { flagKey, value, reason: 'ERROR', ruleId: '', errorCode, errorMessage, ...provenance };
}
