// What a process keeps, asked of itself: what a forced collection leaves, once it does not change any more. Started
// with --expose-gc.

import { setTimeout as delay } from 'node:timers/promises';
import { keptMemory } from '../support/kept-memory.ts';

export interface Memory {
  readonly rssBytes: number;
  /** Of JavaScript, and of what it holds outside its heap. */
  readonly heapBytes: number;
}

/** At rest: two looks in a row that differ by no more than this, each after a collection. */
const REST_BYTES = 262_144;
/** With thousands of streams, whose heartbeats go on, by no more than this share. */
const REST_SHARE = 0.005;
const REST_LOOK_MS = 250;
const REST_LOOKS_MAX = 40;

export async function restingMemory(): Promise<Memory> {
  let before = collected();
  for (let look = 0; look < REST_LOOKS_MAX; look++) {
    await delay(REST_LOOK_MS);
    const now = collected();
    const moved = Math.abs(now.rssBytes - before.rssBytes);
    if (moved <= Math.max(REST_BYTES, REST_SHARE * now.rssBytes)) return now;
    before = now;
  }
  throw new Error(`the memory did not come to rest in ${(REST_LOOK_MS * REST_LOOKS_MAX) / 1_000} s`);
}

function collected(): Memory {
  const { heapBytes, externalBytes, rssBytes } = keptMemory();
  return { rssBytes, heapBytes: heapBytes + externalBytes };
}
