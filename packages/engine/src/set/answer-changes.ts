/**
 * What would change: the answers of two sets beside each other, before the
 * second one is put in force.
 *
 * Place on the path: previews and replays.
 */
import type { Evaluation } from '../evaluation.ts';
import { isJsonArray } from '../json-array.ts';
import type { JsonObject, JsonValue } from '../model.ts';
import type { CompiledSet } from './compiled-set.ts';

/** One context that one flag answers differently. */
export interface AnswerChange {
  readonly flagKey: string;
  /** Place of the context among those given. */
  readonly contextIndex: number;
  readonly before: Evaluation;
  readonly after: Evaluation;
}

export interface AnswerChangeOptions {
  /** Unix ms; both sets are asked at this instant. */
  readonly nowMs: number;
  /** Only these flags; absent: every flag of either set. */
  readonly flagKeys?: Iterable<string>;
}

/**
 * Every change in the order of flags and contexts. An answer changes when the
 * value, the variant, `enabled` or the error code differs; another reason or
 * rule for the same answer is no change to anybody. A generator: the caller
 * decides how many it takes.
 */
export function* answerChanges(
  before: CompiledSet,
  after: CompiledSet,
  contexts: readonly JsonObject[],
  { nowMs, flagKeys = keysOfBoth(before, after) }: AnswerChangeOptions,
): Generator<AnswerChange> {
  for (const flagKey of flagKeys) {
    for (let contextIndex = 0; contextIndex < contexts.length; contextIndex += 1) {
      const context = contexts[contextIndex]!;
      const old = before.evaluate(flagKey, context, nowMs);
      const fresh = after.evaluate(flagKey, context, nowMs);
      if (!isSameAnswer(old, fresh)) yield { flagKey, contextIndex, before: old, after: fresh };
    }
  }
}

function keysOfBoth(before: CompiledSet, after: CompiledSet): readonly string[] {
  return [...new Set([...before.flagKeys(), ...after.flagKeys()])].sort();
}

/** Sets that share a flag often share its answers. */
function isSameAnswer(a: Evaluation, b: Evaluation): boolean {
  if (a === b) return true;
  return (
    a.variant === b.variant &&
    a.enabled === b.enabled &&
    a.errorCode === b.errorCode &&
    isSameJson(a.value, b.value)
  );
}

/** Values are bounded in depth where they were compiled. */
function isSameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isJsonArray(a) || isJsonArray(b)) {
    return (
      isJsonArray(a) &&
      isJsonArray(b) &&
      a.length === b.length &&
      a.every((item, index) => isSameJson(item, b[index]))
    );
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key], b[key]))
  );
}
