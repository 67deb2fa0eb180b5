// How much the streams suite measures; what makes it smaller stands in security/sizes.ts.

import { sizeFrom } from '../security/sizes.ts';

export interface StreamSizes {
  /** Of the largest crowd; the others are a half and a tenth of it. */
  readonly clients: number;
  /** Of the largest set; the others are a tenth of it, and 10. */
  readonly flags: number;
  /** Changes of each figure. */
  readonly rounds: number;
  readonly coldStarts: number;
}

export function streamSizes(): StreamSizes {
  return {
    clients: sizeFrom('BENCH_CLIENTS', 10_000),
    flags: sizeFrom('BENCH_FLAGS', 10_000),
    rounds: sizeFrom('BENCH_ROUNDS', 7),
    coldStarts: sizeFrom('BENCH_ROUNDS', 7),
  };
}
