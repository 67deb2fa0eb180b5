/**
 * Laws run at two sizes: small in `make test`, full with `make laws`, which sets
 * FLAGSTREAM_FULL=1 and writes the figures to test/results/laws.txt.
 */
import process from 'node:process';

const FULL = process.env['FLAGSTREAM_FULL'] === '1';

export function sized(reduced: number, full: number): number {
  return FULL ? full : reduced;
}

/** Limit of one test (ms): the full size takes minutes. */
export const LAW_TIMEOUT_MS: number = sized(20_000, 15 * 60_000);

/** The type of the annotations that `make laws` collects. */
export const FIGURE = 'figure';
