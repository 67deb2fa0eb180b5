/**
 * Evaluate, EvaluateBatch and Explain: answers at one state, taken when the
 * evaluation starts.
 */
import type { Evaluation, ExplanationStep } from '@flagstream/engine';
import {
  answerFields,
  checkedContext,
  checkedFlagKey,
  evaluationError,
  evaluationResult,
  fail,
  hasKind,
  invalidField,
  kindMismatch,
  LIMITS,
  unixMsOf,
} from '@flagstream/protocol';
import type {
  ContextResults,
  EvaluateBatchRequest,
  EvaluateBatchResponse,
  EvaluateRequest,
  EvaluateResponse,
  ExplainRequest,
  ExplainResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { CallContext } from '@flagstream/runtime';
import { type AnswerView, viewFor } from './answer-view.ts';
import type { BoundedAnswers } from './bounded-answers.ts';
import type { EvaluationCounts } from './evaluation-counts.ts';
import type { Serving } from './serving.ts';

export class Evaluator {
  readonly #serving: Serving;
  readonly #answers: BoundedAnswers;
  readonly #counts: EvaluationCounts;

  constructor(serving: Serving, answers: BoundedAnswers, counts: EvaluationCounts) {
    this.#serving = serving;
    this.#answers = answers;
    this.#counts = counts;
  }

  evaluate(request: EvaluateRequest, call: CallContext): EvaluateResponse | Promise<EvaluateResponse> {
    checkedFlagKey('flag_key', request.flagKey);
    return this.#answers.answer(request, call, (below) => this.#evaluate(request, call, below));
  }

  batch(
    request: EvaluateBatchRequest,
    call: CallContext,
  ): EvaluateBatchResponse | Promise<EvaluateBatchResponse> {
    checkFlagKeys(request.flagKeys);
    return this.#answers.answer(request, call, (below) => this.#batch(request, call, below));
  }

  explain(request: ExplainRequest, call: CallContext): ExplainResponse | Promise<ExplainResponse> {
    checkedFlagKey('flag_key', request.flagKey);
    return this.#answers.answer(request, call, (below) => this.#explain(request, call, below));
  }

  #explain(request: ExplainRequest, { principal }: CallContext, belowMinRevision: boolean): ExplainResponse {
    const { state } = this.#serving.environment(principal);
    const context = checkedContext(request.context, 'context');
    const atMs = request.at === undefined ? this.#serving.now() : unixMsOf(request.at);
    const steps: ExplanationStep[] = [];
    const evaluation = state.set.evaluate(request.flagKey, context, atMs, {
      step: (step) => steps.push(step),
    });
    this.#counts.add(evaluation);
    if (evaluation.errorCode === 'FLAG_NOT_FOUND')
      throw evaluationError(state, evaluation, evaluation.errorCode);
    return {
      result: evaluationResult(state, evaluation),
      steps,
      ...this.#serving.stamp(),
      belowMinRevision,
    };
  }

  #evaluate(
    request: EvaluateRequest,
    { principal }: CallContext,
    belowMinRevision: boolean,
  ): EvaluateResponse {
    const state = viewFor(principal)(this.#serving.environment(principal).state);
    const context = checkedContext(request.context, 'context');
    const evaluation = state.set.evaluate(request.flagKey, context, this.#serving.now());
    this.#counts.add(evaluation);
    const { errorCode } = evaluation;
    if (errorCode !== undefined) throw evaluationError(state, evaluation, errorCode);
    const { value, variant, reason, ruleId, kind, enabled } = answerFields(evaluation);
    if (request.expectedKind !== 0 && !hasKind(evaluation, kind, request.expectedKind))
      throw kindMismatch(state, evaluation, request.expectedKind);
    const { epoch, revision, freshness } = this.#serving.stamp();
    // One literal: spreading costs a microsecond here, on the path of every request.
    return { value, variant, reason, ruleId, kind, enabled, epoch, revision, freshness, belowMinRevision };
  }

  #batch(
    request: EvaluateBatchRequest,
    { principal }: CallContext,
    belowMinRevision: boolean,
  ): EvaluateBatchResponse {
    const state = viewFor(principal)(this.#serving.environment(principal).state);
    const keys = request.flagKeys.length === 0 ? state.set.flagKeys() : request.flagKeys;
    checkBatchSize(request.contexts.length, keys.length);
    const contexts = request.contexts.map((context, index) => checkedContext(context, `contexts[${index}]`));
    const nowMs = this.#serving.now();
    const results = contexts.map((context): ContextResults => {
      return {
        results: keys.map((key) => evaluationResult(state, this.#counted(state.set, key, context, nowMs))),
      };
    });
    return { results, ...this.#serving.stamp(), belowMinRevision };
  }

  #counted(
    set: AnswerView['set'],
    key: string,
    context: ReturnType<typeof checkedContext>,
    nowMs: number,
  ): Evaluation {
    const evaluation = set.evaluate(key, context, nowMs);
    this.#counts.add(evaluation);
    return evaluation;
  }
}

function checkFlagKeys(flagKeys: readonly string[]): void {
  for (const [index, key] of flagKeys.entries()) checkedFlagKey(`flag_keys[${index}]`, key);
}

function checkBatchSize(contexts: number, flags: number): void {
  if (contexts === 0)
    throw invalidField('contexts', 'must hold at least one context; an empty object is one');
  const { batchContextsMax, batchEvaluationsMax } = LIMITS;
  if (contexts > batchContextsMax)
    throw tooMany('contexts', `${contexts} contexts`, `${batchContextsMax} are`);
  if (contexts * flags > batchEvaluationsMax)
    throw tooMany(
      'contexts',
      `${contexts} contexts times ${flags} flags are ${contexts * flags} evaluations`,
      `${batchEvaluationsMax} are`,
    );
}

function tooMany(field: string, given: string, allowed: string): Error {
  const description = `${given}, at most ${allowed} allowed in one call`;
  return fail('LIMIT_EXCEEDED', `${field}: ${description}`, { fields: [{ field, description }] });
}
