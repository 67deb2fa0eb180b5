// Order statistics of measured samples. Medians and quartiles, because a shared machine's noise is one-sided.

export interface Spread {
  readonly min: number;
  readonly p25: number;
  readonly median: number;
}

/** The nearest-rank percentile; `share` is 0..1. Throws RangeError when there are no samples. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1]!;
}

export function spread(samples: readonly number[]): Spread {
  return {
    min: percentile(samples, 0),
    p25: percentile(samples, 0.25),
    median: percentile(samples, 0.5),
  };
}
