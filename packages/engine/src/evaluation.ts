/**
 * What an evaluation answers, and what it tells a recorder on request.
 *
 * Place on the path: the engine's output. What holds: answers are frozen and
 * shared between calls; they carry neither revision nor freshness, which the
 * server adds.
 */
import type { FlagKind, JsonValue } from './model.ts';
import { kindOfAnswer } from './variant-value.ts';

export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR';

export type EvaluationErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TYPE_MISMATCH'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** Frozen and shared between calls. */
export interface Evaluation {
  readonly flagKey: string;
  /** Undefined: the caller's default. */
  readonly value: JsonValue | undefined;
  readonly variant: string | undefined;
  readonly reason: Reason;
  /** "" when no rule decided. */
  readonly ruleId: string;
  /** Undefined when the flag is unknown; of a flag of any kind, the value's own. */
  readonly kind: FlagKind | undefined;
  /** Apart from the value: the flag's switch, unless the rule or variant says otherwise. */
  readonly enabled: boolean;
  /** Present exactly when the reason is ERROR. */
  readonly errorCode?: EvaluationErrorCode;
  readonly errorMessage?: string;
}

export type ExplanationKind =
  | 'flag'
  | 'prerequisite'
  | 'target'
  | 'rule'
  | 'condition'
  | 'segment'
  | 'gate'
  | 'split'
  | 'serve';

/** One step of the walk. A step's details follow it with a greater depth. */
export interface ExplanationStep {
  kind: ExplanationKind;
  /** Proto JSON path below the entity that the step belongs to. */
  path: string;
  matched: boolean;
  message: string;
  expected?: JsonValue;
  /** Absent: the context does not have it. */
  actual?: JsonValue;
  /** 0 for the flag asked for. */
  depth: number;
}

/** Receives the steps in reading order when the evaluation is over. */
export interface Recorder {
  step(step: ExplanationStep): void;
}

/** The facts about a flag that all its answers share. */
export interface FlagFacts {
  readonly key: string;
  readonly kind: FlagKind | undefined;
  readonly enabled: boolean;
}

/** An answer with a value or, without a variant, the caller's default. */
export function answerOf(
  flag: FlagFacts,
  reason: Exclude<Reason, 'ERROR'>,
  ruleId: string,
  variant: string | undefined,
  value: JsonValue | undefined,
  enabled: boolean,
): Evaluation {
  return Object.freeze({
    flagKey: flag.key,
    value,
    variant,
    reason,
    ruleId,
    kind: flag.kind && kindOfAnswer(flag.kind, value),
    enabled,
  });
}

export function errorOf(
  flag: FlagFacts,
  errorCode: EvaluationErrorCode,
  errorMessage: string,
  ruleId = '',
): Evaluation {
  return Object.freeze({
    flagKey: flag.key,
    value: undefined,
    variant: undefined,
    reason: 'ERROR',
    ruleId,
    kind: flag.kind,
    enabled: flag.enabled,
    errorCode,
    errorMessage,
  });
}
