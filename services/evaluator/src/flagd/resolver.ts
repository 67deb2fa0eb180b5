/**
 * The unary methods of flagd's evaluation contracts. They share the engine, the limits and the views of our own
 * EvaluationService; flagd's types, codes and presence rules are added here.
 *
 * Holds true: what is answered for one evaluation is encoded once for each type and contract, however many ask.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import { checkedContext, checkedFlagKey, LIMITS, limitExceeded, messageOf } from '@flagstream/protocol';
import type { EvaluateRequest } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { CallContext, Principal } from '@flagstream/runtime';
import { type AnswerView, viewFor } from '../serve/answer-view.ts';
import { ANY_REVISION, type BoundedAnswers, type RevisionBound } from '../serve/bounded-answers.ts';
import { EVALUATIONS_PER_CALL } from '../serve/evaluate.ts';
import type { EvaluationCounts } from '../serve/evaluation-counts.ts';
import type { Serving } from '../serve/serving.ts';
import type { SharedTurns, Steps } from '../serve/shared-turns.ts';
import { flagMetadata } from './flag-metadata.ts';
import { type FlagdErrorCode, flagdError, flagdStatus } from './flagd-error.ts';
import { hasNoValue, READERS, type ResolvedType, type ResolvedTypes, ZEROS } from './resolved-value.ts';
import { selectedView, selectionOf } from './selected-view.ts';
import { type Selector, selectorOf } from './selector.ts';

/** What a typed resolver answers; without a value the caller's default stands. */
export interface Resolution<T extends ResolvedType> {
  readonly value: ResolvedTypes[T] | undefined;
  readonly reason: string;
  readonly variant: string | undefined;
  readonly metadata: JsonObject;
}

/** How one contract answers one type. */
export interface ResolveForm<T extends ResolvedType> {
  readonly type: T;
  /** A value may be absent; where it may not, a disabled flag has the zero of its type, and one without a default is not found. */
  readonly hasPresence: boolean;
  readonly encode: (resolution: Resolution<T>) => Uint8Array;
}

/** One flag of ResolveAll. */
export interface AllMember {
  readonly flagKey: string;
  readonly evaluation: Evaluation;
}

export interface FlagdResolverParts {
  readonly serving: Serving;
  readonly answers: BoundedAnswers;
  readonly counts: EvaluationCounts;
  readonly turns: SharedTurns;
}

/** Encoded answers of one form, for as long as the engine keeps the evaluation. */
export type KeptAnswers = WeakMap<Evaluation, Buffer>;

/** Longer ones are encoded each time. */
const KEPT_BYTES_MAX = 4_096;

export class FlagdResolver {
  readonly #serving: Serving;
  readonly #answers: BoundedAnswers;
  readonly #counts: EvaluationCounts;
  readonly #turns: SharedTurns;

  constructor({ serving, answers, counts, turns }: FlagdResolverParts) {
    this.#serving = serving;
    this.#answers = answers;
    this.#counts = counts;
    this.#turns = turns;
  }

  /** Answers one method of one contract; the answer is encoded. */
  method<T extends ResolvedType>(
    form: ResolveForm<T>,
  ): (request: EvaluateRequest, call: CallContext) => Buffer | Promise<Buffer> {
    const kept: KeptAnswers = new WeakMap();
    return (request, call) => {
      typed('FLAG_NOT_FOUND', () => checkedFlagKey('flag_key', request.flagKey));
      const selector = selectorOf(call.metadata);
      return this.#answers.answer(request, call, () => {
        const view = this.#view(call.principal, selector);
        const evaluation = this.#evaluate(view, request.flagKey, request.context);
        const known = kept.get(evaluation);
        // What was selected is named in an answer's metadata.
        const isShared = view.selected === undefined;
        if (known !== undefined && isShared) return known;
        const answer = Buffer.from(form.encode(resolution(form, view, evaluation)));
        if (answer.length <= KEPT_BYTES_MAX && isShared) kept.set(evaluation, answer);
        return answer;
      });
    };
  }

  /** Evaluates one flag of whatever type, and answers what `encode` makes of it. */
  one<R>(
    flagKey: string,
    context: JsonObject | undefined,
    call: CallContext,
    encode: (view: AnswerView, evaluation: Evaluation) => R,
  ): R | Promise<R> {
    const selector = selectorOf(call.metadata);
    const checked = checkedContext(context, 'context', 'any');
    return this.#answers.answer(ANY_REVISION, call, () => {
      const view = this.#view(call.principal, selector);
      const evaluation = view.set.evaluate(flagKey, checked, this.#serving.now());
      this.#counts.add(evaluation);
      return encode(view, evaluation);
    });
  }

  /** Evaluates every flag that is selected, and answers what `encode` makes of them. */
  all<R>(
    context: JsonObject | undefined,
    call: CallContext,
    encode: (view: AnswerView, members: readonly AllMember[]) => R,
    bound: RevisionBound = ANY_REVISION,
  ): R | Promise<R> {
    const selector = selectorOf(call.metadata);
    const checked = checkedContext(context, 'context', 'any');
    return this.#answers.answerOfAll(bound, call, () => {
      const view = this.#view(call.principal, selector);
      const keys = view.set.flagKeys();
      if (keys.length > LIMITS.batchEvaluationsMax)
        throw limitExceeded(
          'context',
          `the environment has ${keys.length} flags, at most ${LIMITS.batchEvaluationsMax} are evaluated in one call`,
        );
      call.costs(Math.ceil(keys.length / EVALUATIONS_PER_CALL));
      return this.#turns.begin(this.#steps(view, keys, checked, encode), call);
    });
  }

  /** The flags that this caller sees and has selected. */
  #view(principal: Principal, asked: Selector): AnswerView {
    const { environment, selector } = selectionOf(this.#serving, principal, asked);
    return selectedView(viewFor(principal)(environment.state), selector);
  }

  #evaluate(
    view: AnswerView,
    flagKey: string,
    context: Readonly<Record<string, unknown>> | undefined,
  ): Evaluation {
    const checked = typed('INVALID_CONTEXT', () => checkedContext(context, 'context', 'any'));
    const evaluation = view.set.evaluate(flagKey, checked, this.#serving.now());
    this.#counts.add(evaluation);
    return evaluation;
  }

  *#steps<R>(
    view: AnswerView,
    keys: readonly string[],
    context: JsonObject,
    encode: (view: AnswerView, members: readonly AllMember[]) => R,
  ): Steps<R> {
    const nowMs = this.#serving.now();
    const members: AllMember[] = [];
    for (const flagKey of keys) {
      const evaluation = view.set.evaluate(flagKey, context, nowMs);
      this.#counts.add(evaluation);
      members.push({ flagKey, evaluation });
      yield;
    }
    return encode(view, members);
  }
}

/** Clients take INVALID_ARGUMENT for another type than was asked for. @throws ForeignStatus */
function typed<T>(code: FlagdErrorCode, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw flagdStatus({ code, message: messageOf(error) });
  }
}

/** @throws ForeignStatus */
function resolution<T extends ResolvedType>(
  { type, hasPresence }: ResolveForm<T>,
  view: AnswerView,
  evaluation: Evaluation,
): Resolution<T> {
  const { reason, errorCode } = evaluation;
  if (errorCode !== undefined) throw flagdStatus(flagdError(view, evaluation));
  const metadata = flagMetadata(view, evaluation.flagKey);
  if (hasNoValue(evaluation)) {
    if (hasPresence) return { value: undefined, reason, variant: undefined, metadata };
    if (reason === 'DISABLED') return { value: ZEROS[type], reason, variant: '', metadata };
    throw flagdStatus({
      code: 'FLAG_NOT_FOUND',
      message: `flag "${evaluation.flagKey}" has no default variant`,
    });
  }
  const value = READERS[type](evaluation.value!);
  if (value === undefined)
    throw flagdStatus({
      code: 'TYPE_MISMATCH',
      message: `flag "${evaluation.flagKey}" has another type than ${type}`,
    });
  return { value, reason, variant: evaluation.variant, metadata };
}
