/**
 * Fresh: a bound of staleness is true. Whoever says, not as an estimate, that
 * its state is at most so old lacks nothing that was committed before; who has
 * heard of nobody since it started does not call itself live; and once all is
 * well, every bound is proven and small.
 */
import type { Freshness } from '@flagstream/replica';
import { type Checker, Violation } from './checker.ts';
import type { Observation } from './observation.ts';
import type { Past } from './past.ts';

/** Three heartbeats of a client's stream, the longest way for a proof. */
const PROVEN_WITHIN_MS = 12_000;

export class Fresh implements Checker {
  readonly promise = 'fresh';

  observe(observation: Observation, past: Past): void {
    if (observation.type === 'calm') this.#calm(observation);
    if (observation.type === 'evaluated') this.#evaluated(observation, past);
  }

  #calm({ holders }: Observation & { readonly type: 'calm' }): void {
    for (const { name, freshness } of holders)
      if (!isProven(freshness))
        throw new Violation(
          this.promise,
          `${name} proves nothing: ${freshness.estimated ? 'estimated' : 'at most'} ${freshness.stalenessMs} ms, and all is well`,
        );
  }

  #evaluated(observation: Observation & { readonly type: 'evaluated' }, past: Past): void {
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

/** A bound that is known, and small. */
export function isProven({ estimated, stalenessMs }: Freshness): boolean {
  return !estimated && stalenessMs <= PROVEN_WITHIN_MS;
}
