/**
 * When the answers of a whole set change although nothing is written.
 *
 * Place on the path: made by a set when it is first asked for its next
 * transition; watchers wake then.
 */
import type { MovingSpan, Schedule } from '../compile/schedule.ts';
import { LIMITS } from '../limits.ts';

export class Timetable {
  /** Unix ms, ascending. */
  readonly #instants: readonly number[];
  readonly #moving: readonly MovingSpan[];

  constructor(schedules: Iterable<Schedule>) {
    const instants: number[] = [];
    const moving: MovingSpan[] = [];
    for (const schedule of schedules) {
      for (const instantMs of schedule.instants) instants.push(instantMs);
      for (const span of schedule.moving) moving.push(span);
    }
    this.#instants = instants.sort((a, b) => a - b);
    this.#moving = moving;
  }

  /** The next instant (unix ms) after nowMs to look again at; undefined: nothing changes any more. */
  next(nowMs: number): number | undefined {
    const instant = this.#nextInstant(nowMs);
    if (!this.#moving.some(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs)) return instant;
    return Math.min(instant ?? Number.POSITIVE_INFINITY, nowMs + LIMITS.rampTickMs);
  }

  #nextInstant(nowMs: number): number | undefined {
    const instants = this.#instants;
    let low = 0;
    let high = instants.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (instants[middle]! > nowMs) high = middle;
      else low = middle + 1;
    }
    return instants[low];
  }
}
