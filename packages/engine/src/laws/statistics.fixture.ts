/**
 * How far counts are from what chance alone would give, in standard deviations.
 * Subjects are fixed, so a test that passes once always passes.
 */

/** Beyond this, one true law in two million would be called broken. */
export const DEVIATIONS_MAX = 5;

/** Standard deviations between a count and its expectation under a binomial distribution. */
export function binomialDeviations(count: number, trials: number, share: number): number {
  const spread = Math.sqrt(trials * share * (1 - share));
  return spread === 0
    ? count === trials * share
      ? 0
      : Number.POSITIVE_INFINITY
    : (count - trials * share) / spread;
}

/** Pearson's chi-square as standard deviations of a normal distribution (Wilson and Hilferty). */
export function chiSquareDeviations(
  observed: readonly number[],
  expected: readonly number[],
  degrees: number = observed.length - 1,
): number {
  const chiSquare = observed.reduce(
    (sum, count, index) => sum + (count - expected[index]!) ** 2 / expected[index]!,
    0,
  );
  const spread = 2 / (9 * degrees);
  return (Math.cbrt(chiSquare / degrees) - (1 - spread)) / Math.sqrt(spread);
}

/** Dependence between the rows and the columns of a table of counts, in standard deviations. */
export function dependence(table: readonly (readonly number[])[]): number {
  const rows = table.map((row) => row.reduce((sum, count) => sum + count, 0));
  const columns = table[0]!.map((_, column) => table.reduce((sum, row) => sum + row[column]!, 0));
  const total = rows.reduce((sum, count) => sum + count, 0);
  const expected = rows.flatMap((row) => columns.map((column) => (row * column) / total));
  return chiSquareDeviations(table.flat(), expected, (rows.length - 1) * (columns.length - 1));
}
