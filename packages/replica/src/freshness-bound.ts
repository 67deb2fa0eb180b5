/**
 * How old a follower's state can be, without comparing two machines' clocks. A
 * mark is a moment of our own monotonic clock and a place that the log had
 * reached by then; once the state holds that place, it is fresh as of that
 * moment.
 *
 * Holds true: a mark of an asked head, stamped when we asked, gives a true
 * upper bound. A head that came by itself is stamped on receipt, so its
 * transit time is missing: an estimate.
 */
import type { Standing } from './lineage.ts';
import type { Position } from './position.ts';

interface Mark {
  readonly place: Position;
  readonly asOfMs: number;
  readonly proven: boolean;
}

/** Marks that wait to be reached. With one a second, more than a minute of lag. */
const MARKS_MAX = 128;
/** What is not known to be bounded, as the wire says it. */
export const UNBOUNDED_MS = 0xffff_ffff;

export class FreshnessBound {
  readonly #estimateAfterMs: number;
  #marks: Mark[] = [];
  #provenMs = Number.NEGATIVE_INFINITY;
  #estimatedMs = Number.NEGATIVE_INFINITY;

  /** @param estimateAfterMs an estimate this much fresher than the proof is told instead of it */
  constructor(estimateAfterMs: number) {
    this.#estimateAfterMs = estimateAfterMs;
  }

  /** The log had reached this place at this moment of our clock. */
  mark(place: Position, asOfMs: number, proven: boolean): void {
    // The oldest ones stay: they are reached first, also by a state that never quite catches up.
    if (this.#marks.length === MARKS_MAX) this.#marks.pop();
    this.#marks.push({ place, asOfMs, proven });
  }

  /** The state has moved, or a mark was added. */
  settle(standingOf: (place: Position) => Standing): void {
    this.#marks = this.#marks.filter(({ place, asOfMs, proven }) => {
      const stands = standingOf(place);
      if (stands === 'ahead') return true;
      if (stands === 'here' || stands === 'behind') {
        if (proven) this.#provenMs = Math.max(this.#provenMs, asOfMs);
        else this.#estimatedMs = Math.max(this.#estimatedMs, asOfMs);
      }
      return false;
    });
  }

  /** What was known is not known of this state: another log, or a state that was not what it seemed. */
  forget(): void {
    this.#marks = [];
    this.#provenMs = Number.NEGATIVE_INFINITY;
    this.#estimatedMs = Number.NEGATIVE_INFINITY;
  }

  /** Whole milliseconds, rounded up: it is a bound. */
  at(nowMs: number): { readonly stalenessMs: number; readonly estimated: boolean } {
    const estimated =
      this.#provenMs === Number.NEGATIVE_INFINITY ||
      this.#estimatedMs > this.#provenMs + this.#estimateAfterMs;
    const asOfMs = estimated ? this.#estimatedMs : this.#provenMs;
    const stalenessMs = Math.min(UNBOUNDED_MS, Math.max(0, Math.ceil(nowMs - asOfMs)));
    return { stalenessMs, estimated };
  }
}
