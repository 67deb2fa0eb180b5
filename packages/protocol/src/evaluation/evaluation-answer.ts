/**
 * The engine's answers as the wire has them, and its errors as the catalogue
 * has them.
 */
import type { Evaluation, EvaluationErrorCode, FlagKind, Reason } from '@flagstream/engine';
import { type ErrorReason, fail } from '../errors.ts';
import { ErrorCode, type EvaluationResult, Reason as WireReason } from '../gen/flagstream/v1/evaluation.ts';
import { FlagKind as WireKind } from '../gen/flagstream/v1/model.ts';

const REASONS: Readonly<Record<Reason, WireReason>> = {
  STATIC: WireReason.STATIC,
  DEFAULT: WireReason.DEFAULT,
  TARGETING_MATCH: WireReason.TARGETING_MATCH,
  SPLIT: WireReason.SPLIT,
  DISABLED: WireReason.DISABLED,
  ERROR: WireReason.ERROR,
};

const KINDS: Readonly<Record<FlagKind, WireKind>> = {
  FLAG_KIND_BOOLEAN: WireKind.BOOLEAN,
  FLAG_KIND_STRING: WireKind.STRING,
  FLAG_KIND_NUMBER: WireKind.NUMBER,
  FLAG_KIND_OBJECT: WireKind.OBJECT,
  FLAG_KIND_ANY: WireKind.ANY,
};

const KIND_WORDS: ReadonlyMap<number, string> = new Map([
  [WireKind.BOOLEAN, 'boolean'],
  [WireKind.STRING, 'string'],
  [WireKind.NUMBER, 'number'],
  [WireKind.OBJECT, 'object'],
  [WireKind.ANY, 'of no type that can be asked for'],
] as const);

const ERRORS: Readonly<
  Record<EvaluationErrorCode, { readonly wire: ErrorCode; readonly reason: ErrorReason }>
> = {
  FLAG_NOT_FOUND: { wire: ErrorCode.FLAG_NOT_FOUND, reason: 'FLAG_NOT_FOUND' },
  TYPE_MISMATCH: { wire: ErrorCode.TYPE_MISMATCH, reason: 'TYPE_MISMATCH' },
  TARGETING_KEY_MISSING: { wire: ErrorCode.TARGETING_KEY_MISSING, reason: 'TARGETING_KEY_MISSING' },
  INVALID_CONTEXT: { wire: ErrorCode.INVALID_CONTEXT, reason: 'INVALID_CONTEXT' },
  PARSE_ERROR: { wire: ErrorCode.PARSE_ERROR, reason: 'EVALUATION_FAILED' },
  GENERAL: { wire: ErrorCode.GENERAL, reason: 'EVALUATION_FAILED' },
};

/** Where an answer was given: what errors say about it. */
export interface AnswerPlace {
  readonly project: string;
  readonly environment: string;
  /** Entities that are not in force in their newest version, by `flag/<key>` and `segment/<key>`. */
  readonly quarantined: { get(id: string): { readonly message: string } | undefined };
}

/** What all answers carry; EvaluateResponse and EvaluationResult are made of it. */
export interface AnswerFields {
  readonly value: Evaluation['value'];
  readonly variant: string;
  readonly reason: WireReason;
  readonly ruleId: string;
  readonly kind: WireKind;
  readonly enabled: boolean;
}

/** Evaluations are shared between calls, so most are turned into words once. */
const known = new WeakMap<Evaluation, AnswerFields>();

export function answerFields(evaluation: Evaluation): AnswerFields {
  let fields = known.get(evaluation);
  if (fields === undefined) {
    const { value, variant, reason, ruleId, kind, enabled } = evaluation;
    fields = {
      value,
      variant: variant ?? '',
      reason: REASONS[reason],
      ruleId,
      kind: kind === undefined ? WireKind.UNSPECIFIED : KINDS[kind],
      enabled,
    };
    known.set(evaluation, fields);
  }
  return fields;
}

/** One result of a batch, an explanation or a watch; what went wrong stands inside. */
export function evaluationResult(place: AnswerPlace, evaluation: Evaluation): EvaluationResult {
  const { flagKey, errorCode } = evaluation;
  if (errorCode === undefined)
    return { flagKey, ...answerFields(evaluation), errorCode: 0, errorMessage: '' };
  const error = explained(place, evaluation, errorCode);
  return {
    flagKey,
    ...answerFields(evaluation),
    errorCode: ERRORS[error.code].wire,
    errorMessage: error.message,
  };
}

/** The engine's error as a call that failed. */
export function evaluationError(
  place: AnswerPlace,
  evaluation: Evaluation,
  code: EvaluationErrorCode,
): Error {
  const error = explained(place, evaluation, code);
  return fail(ERRORS[error.code].reason, error.message, {
    metadata: { flag: evaluation.flagKey, project: place.project, environment: place.environment },
  });
}

/** Whether a caller who expects this kind can use the answer. */
export function hasKind({ value }: Evaluation, kind: WireKind, expected: WireKind): boolean {
  // A flag of any kind answers its value's own kind, so it has no type only where it has no value.
  return kind === expected || (kind === WireKind.ANY && value === undefined);
}

export function kindMismatch(place: AnswerPlace, evaluation: Evaluation, expected: WireKind): Error {
  const { kind } = answerFields(evaluation);
  return fail(
    'TYPE_MISMATCH',
    `flag "${evaluation.flagKey}" is ${KIND_WORDS.get(kind)}, not ${KIND_WORDS.get(expected) ?? `kind ${expected}`}`,
    {
      metadata: { flag: evaluation.flagKey, environment: place.environment },
      fields: [{ field: 'expected_kind', description: `the flag is ${KIND_WORDS.get(kind)}` }],
    },
  );
}

/** A flag that does not compile here is not the same as one that nobody made. */
function explained(
  place: AnswerPlace,
  evaluation: Evaluation,
  code: EvaluationErrorCode,
): { readonly code: EvaluationErrorCode; readonly message: string } {
  const { flagKey, errorMessage } = evaluation;
  if (code !== 'FLAG_NOT_FOUND') return { code, message: `flag "${flagKey}": ${errorMessage}` };
  const quarantined = place.quarantined.get(`flag/${flagKey}`);
  if (quarantined !== undefined)
    return { code: 'PARSE_ERROR', message: `flag "${flagKey}" is not in force here: ${quarantined.message}` };
  return { code, message: `flag "${flagKey}" not found in environment "${place.environment}"` };
}
