// The line through what was measured over time: two measurements alone would tell of the moments they were taken at.

export interface Measurement {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

/**
 * Of the line by least squares. NaN when the measurements are not of two moments at least.
 */
export function slopePerHour(measurements: readonly Measurement[]): number {
  const mean = (of: (measurement: Measurement) => number): number =>
    measurements.reduce((sum, measurement) => sum + of(measurement), 0) / measurements.length;
  const [meanMs, meanValue] = [mean(({ atMs }) => atMs), mean(({ value }) => value)];
  const together = mean(({ atMs, value }) => (atMs - meanMs) * (value - meanValue));
  return (HOUR_MS * together) / mean(({ atMs }) => (atMs - meanMs) ** 2);
}
