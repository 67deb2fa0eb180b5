/** Evaluations by reason: plain numbers on the hot path, read when somebody scrapes. */
import type { Evaluation, Reason } from '@flagstream/engine';

export class EvaluationCounts {
  readonly #counts: Record<Reason, number> = {
    STATIC: 0,
    DEFAULT: 0,
    TARGETING_MATCH: 0,
    SPLIT: 0,
    DISABLED: 0,
    ERROR: 0,
  };

  add({ reason }: Evaluation): void {
    this.#counts[reason] += 1;
  }

  /** Of all reasons. */
  total(): number {
    const { STATIC, DEFAULT, TARGETING_MATCH, SPLIT, DISABLED, ERROR } = this.#counts;
    return STATIC + DEFAULT + TARGETING_MATCH + SPLIT + DISABLED + ERROR;
  }

  entries(): readonly (readonly [reason: string, count: number])[] {
    return Object.entries(this.#counts);
  }
}
