/**
 * Fresh: a bound of staleness is true. Whoever says, not as an estimate, that
 * its state is at most so old lacks nothing that was committed before; and who
 * has heard of nobody since it started does not call itself live.
 */
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

export class Fresh implements Checker {
  readonly promise = 'fresh';

  observe(observation: Observation, past: Past): void {
    if (observation.type !== 'evaluated') return;
    const { by, position, freshness, heard } = observation.answer;
    if (!heard && (freshness.source === 'live' || freshness.source === 'fallback'))
      throw new Violation(this.promise, `${by} calls itself ${freshness.source} and has heard of nobody`);
    if (freshness.estimated) return;
    const lacksSinceMs = past.lacksSinceMs(position.hash);
    if (lacksSinceMs === undefined) return;
    const staleMs = observation.ms - lacksSinceMs;
    if (staleMs > freshness.stalenessMs)
      throw new Violation(
        this.promise,
        `${by} at ${past.describe(position)} said at most ${freshness.stalenessMs} ms, and was ${staleMs.toFixed(1)} ms old`,
      );
  }
}
