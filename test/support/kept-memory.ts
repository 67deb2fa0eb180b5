// What a process keeps at this moment, asked of itself. Started with --expose-gc.

import process from 'node:process';

export interface KeptMemory {
  /** After a forced collection. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
}

export function keptMemory(): KeptMemory {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start this host with --expose-gc');
  // The second collection takes what the finalizers of the first one let go.
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, rssBytes: rss };
}
