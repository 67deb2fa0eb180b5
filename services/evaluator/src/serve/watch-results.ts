/**
 * What one watcher with a context was last told, and what it has not been told
 * yet. Only flags that a change can have affected are evaluated again.
 */
import type { Evaluation, JsonObject, JsonValue } from '@flagstream/engine';
import { evaluationResult } from '@flagstream/protocol';
import type { WatchResults } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import type { AnswerView, ViewOf } from './answer-view.ts';
import type { EvaluationCounts } from './evaluation-counts.ts';

export interface WatchedResultsOptions {
  /** Undefined: all flags, also those that come later. */
  readonly keys: ReadonlySet<string> | undefined;
  readonly context: JsonObject;
  readonly counts: EvaluationCounts;
  readonly viewOf: ViewOf;
}

export class WatchedResults {
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #context: JsonObject;
  readonly #counts: EvaluationCounts;
  readonly #viewOf: ViewOf;
  readonly #told = new Map<string, Evaluation>();

  constructor({ keys, context, counts, viewOf }: WatchedResultsOptions) {
    this.#keys = keys;
    this.#context = context;
    this.#counts = counts;
    this.#viewOf = viewOf;
  }

  /** The results for all watched flags: the first thing that a watcher hears. */
  all(environment: EnvironmentReplica, nowMs: number): WatchResults {
    const state = this.#viewOf(environment.state);
    this.#told.clear();
    const evaluations = [...(this.#keys ?? state.set.flagKeys())].map((key) =>
      this.#evaluate(state, key, nowMs),
    );
    for (const evaluation of evaluations) this.#told.set(evaluation.flagKey, evaluation);
    return { results: evaluations.map((evaluation) => evaluationResult(state, evaluation)), removed: [] };
  }

  /**
   * What differs from what was told, or undefined when nothing does.
   * @param affected flags that may differ; undefined: any
   */
  changes(
    environment: EnvironmentReplica,
    affected: ReadonlySet<string> | undefined,
    nowMs: number,
  ): WatchResults | undefined {
    const state = this.#viewOf(environment.state);
    const changed: Evaluation[] = [];
    const removed: string[] = [];
    for (const key of this.#candidates(state, affected)) {
      const before = this.#told.get(key);
      if (before === undefined && !this.#watches(state, key)) continue;
      const evaluation = this.#evaluate(state, key, nowMs);
      if (isMissing(state, evaluation) && before !== undefined && !isMissing(state, before))
        removed.push(key);
      else if (before === undefined || !sameAnswer(before, evaluation)) changed.push(evaluation);
      if (this.#keys === undefined && isMissing(state, evaluation)) this.#told.delete(key);
      else this.#told.set(key, evaluation);
    }
    if (changed.length === 0 && removed.length === 0) return undefined;
    return { results: changed.map((evaluation) => evaluationResult(state, evaluation)), removed };
  }

  /** All that is watched, and what was told although it is gone by now. */
  #candidates(state: AnswerView, affected: ReadonlySet<string> | undefined): Iterable<string> {
    if (affected !== undefined)
      return this.#keys === undefined ? affected : [...affected].filter((key) => this.#keys?.has(key));
    return new Set([...(this.#keys ?? state.set.flagKeys()), ...this.#told.keys()]);
  }

  #watches(state: AnswerView, key: string): boolean {
    return this.#keys === undefined ? state.set.has(key) : this.#keys.has(key);
  }

  #evaluate(state: AnswerView, key: string, nowMs: number): Evaluation {
    const evaluation = state.set.evaluate(key, this.#context, nowMs);
    this.#counts.add(evaluation);
    return evaluation;
  }
}

/** The flag is not there: neither good nor quarantined. */
function isMissing(state: AnswerView, evaluation: Evaluation): boolean {
  return (
    evaluation.errorCode === 'FLAG_NOT_FOUND' &&
    state.quarantined.get(`flag/${evaluation.flagKey}`) === undefined
  );
}

function sameAnswer(a: Evaluation, b: Evaluation): boolean {
  if (a === b) return true;
  return (
    a.variant === b.variant &&
    a.reason === b.reason &&
    a.ruleId === b.ruleId &&
    a.kind === b.kind &&
    a.enabled === b.enabled &&
    a.errorCode === b.errorCode &&
    a.errorMessage === b.errorMessage &&
    sameJson(a.value, b.value)
  );
}

function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return (
    a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b))
  );
}
