/**
 * Evaluate, EvaluateBatch, EvaluateStream and Explain: answers at one state, taken when the
 * evaluation starts.
 */
import type { ExplanationStep, JsonObject } from '@flagstream/engine';
import {
  answerFields,
  checkedContext,
  checkedFlagKey,
  evaluationError,
  evaluationResult,
  hasKind,
  invalidField,
  kindMismatch,
  LIMITS,
  limitExceeded,
  type StreamedRequest,
  unixMsOf,
} from '@flagstream/protocol';
import type {
  EvaluateBatchRequest,
  EvaluateRequest,
  ExplainRequest,
  ExplainResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { CallContext } from '@flagstream/runtime';
import { type AnswerBeginning, answerBeginning } from './answer-beginning.ts';
import { type AnswerView, viewFor } from './answer-view.ts';
import { BatchAnswer } from './batch-answer.ts';
import type { BoundedAnswers } from './bounded-answers.ts';
import { evaluateAnswer } from './evaluate-answer.ts';
import type { EvaluationCounts } from './evaluation-counts.ts';
import type { Serving } from './serving.ts';
import type { SharedTurns, Steps } from './shared-turns.ts';
import { streamedAnswer } from './streamed-answer.ts';

/** Evaluations that are, with their encoding, as much work as a call: some 50 µs. */
export const EVALUATIONS_PER_CALL = 25;
/** Of a batch, or a message of a stream, that begins within its call's own turn: well below a millisecond of usual flags. */
const EVALUATIONS_AT_ONCE = 100;

export interface EvaluatorParts {
  readonly serving: Serving;
  readonly answers: BoundedAnswers;
  readonly counts: EvaluationCounts;
  /** For batches that take long. */
  readonly turns: SharedTurns;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
}

export class Evaluator {
  readonly #serving: Serving;
  readonly #answers: BoundedAnswers;
  readonly #counts: EvaluationCounts;
  readonly #turns: SharedTurns;
  readonly #monotonicMs: () => number;

  constructor({ serving, answers, counts, turns, monotonicMs }: EvaluatorParts) {
    this.#serving = serving;
    this.#answers = answers;
    this.#counts = counts;
    this.#turns = turns;
    this.#monotonicMs = monotonicMs;
  }

  /** The answer is encoded. */
  evaluate(request: EvaluateRequest, call: CallContext): Buffer | Promise<Buffer> {
    checkedFlagKey('flag_key', request.flagKey);
    return this.#answers.answer(request, call, (below) => this.#evaluate(request, call, below));
  }

  /** The answer is encoded. */
  batch(request: EvaluateBatchRequest, call: CallContext): Buffer | Promise<Buffer> {
    checkFlagKeys(request.flagKeys);
    const answer = (below: boolean): Buffer | Promise<Buffer> => this.#batch(request, call, below);
    return request.flagKeys.length === 0
      ? this.#answers.answerOfAll(request, call, answer)
      : this.#answers.answer(request, call, answer);
  }

  /** The answer to one message of a stream, encoded. */
  streamed(request: StreamedRequest, call: CallContext): Buffer | Promise<Buffer> {
    return this.#answers.answer(request, call, (below) => this.#streamed(request, call, below));
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

  #evaluate(request: EvaluateRequest, { principal }: CallContext, belowMinRevision: boolean): Buffer {
    const state = viewFor(principal)(this.#serving.environment(principal).state);
    const context = checkedContext(request.context, 'context');
    const evaluation = state.set.evaluate(request.flagKey, context, this.#serving.now());
    this.#counts.add(evaluation);
    const { errorCode } = evaluation;
    if (errorCode !== undefined) throw evaluationError(state, evaluation, errorCode);
    const { expectedKind } = request;
    if (expectedKind !== 0 && !hasKind(evaluation, answerFields(evaluation).kind, expectedKind))
      throw kindMismatch(state, evaluation, expectedKind);
    const { epoch, revision, freshness } = this.#serving.stamp();
    // One literal: spreading costs a microsecond here, on the path of every request.
    return evaluateAnswer(evaluation, { epoch, revision, freshness, belowMinRevision });
  }

  #batch(
    request: EvaluateBatchRequest,
    call: CallContext,
    belowMinRevision: boolean,
  ): Buffer | Promise<Buffer> {
    const state = viewFor(call.principal)(this.#serving.environment(call.principal).state);
    const keys = request.flagKeys.length === 0 ? state.set.flagKeys() : request.flagKeys;
    checkBatchSize(request.contexts.length, keys.length);
    call.costs(Math.ceil((request.contexts.length * keys.length) / EVALUATIONS_PER_CALL));
    const contexts = request.contexts.map((context, index) => checkedContext(context, `contexts[${index}]`));
    const steps = this.#batchSteps(
      state,
      keys,
      contexts,
      answerBeginning(this.#serving, this.#monotonicMs, belowMinRevision),
    );
    return this.#take(steps, contexts.length * keys.length, call);
  }

  #streamed(
    request: StreamedRequest,
    call: CallContext,
    belowMinRevision: boolean,
  ): Buffer | Promise<Buffer> {
    const state = viewFor(call.principal)(this.#serving.environment(call.principal).state);
    const beginning = answerBeginning(this.#serving, this.#monotonicMs, belowMinRevision);
    const steps = streamedAnswer(request, state, this.#counts, beginning);
    return this.#take(steps, request.evaluations, call);
  }

  /** What is short is over when this returns. */
  #take(steps: Steps<Buffer>, evaluations: number, call: CallContext): Buffer | Promise<Buffer> {
    return evaluations <= EVALUATIONS_AT_ONCE
      ? this.#turns.begin(steps, call)
      : this.#turns.queue(steps, call);
  }

  /** All of it is of the state and the instant that it began with, whatever changes meanwhile. */
  *#batchSteps(
    state: AnswerView,
    keys: readonly string[],
    contexts: readonly JsonObject[],
    { nowMs, rest }: AnswerBeginning,
  ): Steps<Buffer> {
    const answer = new BatchAnswer(state);
    for (const context of contexts) {
      for (const key of keys) {
        const evaluation = state.set.evaluate(key, context, nowMs);
        this.#counts.add(evaluation);
        answer.add(evaluation);
        yield;
      }
      answer.endContext();
    }
    return answer.finish(rest());
  }
}

function checkFlagKeys(flagKeys: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, key] of flagKeys.entries()) {
    const field = `flag_keys[${index}]`;
    if (seen.has(checkedFlagKey(field, key)))
      throw invalidField(field, 'is given before: each flag is answered once for each context');
    seen.add(key);
  }
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
  return limitExceeded(field, `${given}, at most ${allowed} allowed in one call`);
}
