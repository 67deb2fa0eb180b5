/**
 * The record of one walk, in reading order: a step stands before its details
 * although its outcome is known only after them.
 *
 * Place on the path: exists only while explaining; the walk asks for it with
 * one branch per step.
 */
import type { ExplanationKind, ExplanationStep, Recorder } from './evaluation.ts';
import type { JsonValue } from './model.ts';

/** Operands shown of a long list: an explanation is for reading. */
const SHOWN_ITEMS = 20;

export class Trace {
  readonly #steps: ExplanationStep[] = [];
  #depth = 0;

  /** Begins a step; those added until its close are its details. */
  open(kind: ExplanationKind, path: string): ExplanationStep {
    const step: ExplanationStep = {
      kind,
      path,
      matched: false,
      message: 'Left before its end because of an error.',
      depth: this.#depth,
    };
    this.#steps.push(step);
    this.#depth += 1;
    return step;
  }

  /** Ends a step, also when steps inside it were left by an error. */
  close(step: ExplanationStep, matched: boolean, message: string): void {
    step.matched = matched;
    step.message = message;
    this.#depth = step.depth;
  }

  /** A step without details. */
  leaf(kind: ExplanationKind, path: string, matched: boolean, message: string): ExplanationStep {
    const step = this.open(kind, path);
    this.close(step, matched, message);
    return step;
  }

  flush(recorder: Recorder): void {
    for (const step of this.#steps) recorder.step(step);
  }
}

/** The first items of a list, for an explanation. */
export function shown(values: readonly JsonValue[]): JsonValue {
  if (values.length <= SHOWN_ITEMS) return values;
  return [...values.slice(0, SHOWN_ITEMS), `and ${values.length - SHOWN_ITEMS} more`];
}
