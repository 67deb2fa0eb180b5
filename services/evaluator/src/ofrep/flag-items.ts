/**
 * Evaluations as OFREP writes them, alone and as items of a bulk answer. Encoded once for as long as the engine keeps the
 * evaluation, however many ask.
 *
 * Without a value the caller's default stands. `value` is left out then, as OFREP has it; `variant` is "", as Python's
 * client fails without one and no other minds it.
 */
import type { Evaluation, JsonObject } from '@flagstream/engine';
import { flagMetadata } from '../flagd/flag-metadata.ts';
import { type FlagdErrorCode, flagdError } from '../flagd/flagd-error.ts';
import { hasNoValue } from '../flagd/resolved-value.ts';
import type { AnswerView } from '../serve/answer-view.ts';
import { errorBody, type OfrepErrorCode } from './refusal.ts';

export interface FlagItem {
  /** Of an answer that is this item alone. */
  readonly status: number;
  readonly text: string;
}

/** Longer ones are encoded each time. */
const KEPT_LENGTH_MAX = 4_096;

export class FlagItems {
  readonly #kept = new WeakMap<Evaluation, FlagItem>();

  of(view: AnswerView, evaluation: Evaluation): FlagItem {
    // What was selected is named in an item's metadata.
    if (view.selected !== undefined) return itemOf(view, evaluation);
    const known = this.#kept.get(evaluation);
    if (known !== undefined) return known;
    const item = itemOf(view, evaluation);
    // What an error says depends on what else is in quarantine.
    if (item.status === 200 && item.text.length <= KEPT_LENGTH_MAX) this.#kept.set(evaluation, item);
    return item;
  }
}

function itemOf(view: AnswerView, evaluation: Evaluation): FlagItem {
  const { flagKey, reason, value, variant, errorCode } = evaluation;
  const metadata = flagMetadata(view, flagKey);
  if (errorCode !== undefined) {
    const { code, message } = flagdError(view, evaluation);
    const error = { code: untyped(code), details: message };
    return item(code === 'FLAG_NOT_FOUND' ? 404 : 400, errorBody(error, flagKey, metadata));
  }
  return hasNoValue(evaluation)
    ? item(200, { key: flagKey, reason, variant: '', metadata })
    : item(200, { key: flagKey, value: value!, reason, variant: variant!, metadata });
}

function item(status: number, body: JsonObject): FlagItem {
  return { status, text: JSON.stringify(body) };
}

function untyped(code: FlagdErrorCode): OfrepErrorCode {
  return code === 'TYPE_MISMATCH' ? 'GENERAL' : code;
}
