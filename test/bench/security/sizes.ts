// How much the suites of security and of streams measure. BENCH_CLIENTS, BENCH_FLAGS, BENCH_REQUESTS and BENCH_ROUNDS
// make them smaller, to see that they work: a run with any of them is not kept.

import process from 'node:process';

const VARIABLES = ['BENCH_CLIENTS', 'BENCH_FLAGS', 'BENCH_REQUESTS', 'BENCH_ROUNDS'] as const;

export interface Sizes {
  /** Clients of the key that is revoked, and idle streams of one evaluator. */
  readonly clients: number;
  /** Clients of other keys, together. */
  readonly otherClients: number;
  /** Calls of one round. */
  readonly requests: number;
  readonly revocationRounds: number;
  readonly callRounds: number;
  readonly memoryRounds: number;
}

export function sizes(): Sizes {
  const clients = sizeFrom('BENCH_CLIENTS', 1_000);
  return {
    clients,
    otherClients: Math.ceil(clients / 2),
    requests: sizeFrom('BENCH_REQUESTS', 20_000),
    revocationRounds: sizeFrom('BENCH_ROUNDS', 10),
    callRounds: sizeFrom('BENCH_ROUNDS', 7),
    memoryRounds: sizeFrom('BENCH_ROUNDS', 3),
  };
}

export function isFullSize(): boolean {
  return VARIABLES.every((variable) => process.env[variable] === undefined);
}

/** @throws RangeError when the variable is no whole number above 0 */
export function sizeFrom(variable: (typeof VARIABLES)[number], full: number): number {
  const given = process.env[variable];
  if (given === undefined) return full;
  const size = Number(given);
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`${variable} must be a whole number above 0, not ${given}`);
  return size;
}
