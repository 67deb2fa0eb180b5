/** Requests of OFREP by route and status, and how long they took. */
import type { Metrics, Sample } from '@flagstream/runtime';

const BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

export class RequestMetrics {
  readonly #counts = new Map<string, { readonly route: string; readonly status: number; count: number }>();
  readonly #seconds: { observe(labels: { readonly route: string }, seconds: number): void };

  constructor(metrics: Metrics) {
    metrics.scraped({
      name: 'flagstream_ofrep_requests_total',
      help: 'Requests of OFREP that are over, by route (flag, flags, events, none) and status; 0: the caller left.',
      type: 'counter',
      collect: () =>
        [...this.#counts.values()].map(({ count, ...labels }): Sample => ({ labels, value: count })),
    });
    this.#seconds = metrics.histogram(
      'ofrep_request_seconds',
      'Time from the head of a request for one flag or for all to the end of its answer.',
      BUCKETS_SECONDS,
      ['route'],
    );
  }

  /** @param status 0 where the caller left before it was answered */
  over(route: string, status: number, seconds: number): void {
    const name = `${route} ${status}`;
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { route, status, count: 1 });
    else known.count += 1;
    // A stream takes as long as somebody listens.
    if (route !== 'events') this.#seconds.observe({ route }, seconds);
  }
}
