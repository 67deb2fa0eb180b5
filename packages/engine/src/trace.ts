/**
 * The record of one walk, in reading order: a step stands before its details
 * although its outcome is known only after them.
 *
 * Place on the path: exists only while explaining; the walk asks for it with
 * one branch per step. Compiled entities hold no paths: each part names its
 * own segment here, and the trace joins them.
 */
import type { ExplanationKind, ExplanationStep, Recorder } from './evaluation.ts';
import { isJsonArray } from './json-array.ts';
import type { JsonValue } from './model.ts';

/** Values shown of a long list, and of all that the context holds in one place: an explanation is for reading. */
const SHOWN_ITEMS = 20;
/** UTF-16 units shown of a text of the context: a thousand conditions on one attribute would say it a thousand times. */
const SHOWN_CHARS = 256;
/** Stands for a value that failed when it was looked at. */
const UNREADABLE = '(unreadable)';

export class Trace {
  readonly #steps: ExplanationStep[] = [];
  /** Paths that the details of the open steps continue. */
  readonly #bases: string[] = [];
  #place = '';

  /** Says where, below the open step, the next step stands: "rules[1]", "conditions[0]". */
  at(place: string): void {
    this.#place = place;
  }

  /** Begins a step; those added until its close are its details. "" is the place itself. */
  open(kind: ExplanationKind, segment: string): ExplanationStep {
    const base = this.#bases.at(-1) ?? '';
    const path = [base, this.#place, segment].filter((part) => part !== '').join('.');
    this.#place = '';
    const step: ExplanationStep = {
      kind,
      path,
      matched: false,
      message: 'Left before its end because of an error.',
      depth: this.#bases.length,
    };
    this.#steps.push(step);
    this.#bases.push(path);
    return step;
  }

  /** Begins a step about another entity's insides: their paths start anew. */
  openEntity(kind: ExplanationKind, segment: string): ExplanationStep {
    const step = this.open(kind, segment);
    this.#bases[step.depth] = '';
    return step;
  }

  /** Begins a flag, whose own path is the entity itself. */
  openFlag(): ExplanationStep {
    const step = this.openEntity('flag', '');
    step.path = '';
    return step;
  }

  /** Ends a step, also when steps inside it were left by an error. */
  close(step: ExplanationStep, matched: boolean, message: string): void {
    step.matched = matched;
    step.message = message;
    this.#bases.length = step.depth;
    this.#place = '';
  }

  /** A step without details. */
  leaf(kind: ExplanationKind, segment: string, matched: boolean, message: string): ExplanationStep {
    const step = this.open(kind, segment);
    this.close(step, matched, message);
    return step;
  }

  flush(recorder: Recorder): void {
    for (const step of this.#steps) {
      // A flag's own is its answer, whose length its definition decides.
      if (step.actual !== undefined && step.kind !== 'flag') step.actual = shownOfContext(step.actual);
      recorder.step(step);
    }
  }
}

/** The first items of a list, for an explanation. */
export function shown(values: readonly JsonValue[]): JsonValue {
  if (values.length <= SHOWN_ITEMS) return values;
  return [...values.slice(0, SHOWN_ITEMS), `and ${values.length - SHOWN_ITEMS} more`];
}

/** A foreign context may fail where it is read: that is no reason not to explain the answer. */
function shownOfContext(value: JsonValue): JsonValue {
  try {
    return shortened(value, { left: SHOWN_ITEMS });
  } catch {
    return UNREADABLE;
  }
}

/** As much of a value as a person reads; what is as short stays the same. */
function shortened(value: JsonValue, budget: { left: number }): JsonValue {
  budget.left -= 1;
  if (typeof value === 'string') return shortText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (budget.left <= 0) return '...';
  if (isJsonArray(value)) {
    const items = value.slice(0, Math.max(budget.left, 1)).map((item) => shortened(item, budget));
    return items.length === value.length ? items : [...items, `and ${value.length - items.length} more`];
  }
  // By name: what is left out must not depend on the order in which a caller wrote them.
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = members.slice(0, Math.max(budget.left, 1));
  const short = kept.map(([name, member]) => [shortText(name), shortened(member, budget)] as const);
  // Made of entries, as an own member may be called __proto__.
  return Object.fromEntries(
    kept.length === members.length ? short : [...short, ['...', `${members.length - kept.length} more`]],
  );
}

function shortText(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}...`;
}
