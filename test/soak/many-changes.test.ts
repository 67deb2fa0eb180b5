// The short form of `make soak ARGS=changes`: nothing is kept of a change that is through.

import { expect } from 'vitest';
import { requiresNats } from '../support/requires-nats.ts';
import { runManyChanges } from './many-changes.ts';

/** A machine that runs everything else as well. */
const TIMEOUT_MS = 480_000;
/**
 * 2 kB of each change. Hashes of the newest 10,000 revisions and the like are kept and take some hundreds; a record or a
 * state of each would take more.
 */
const GROWTH_MAX_BYTES = 800_000;

requiresNats('2.9.0', { ownServer: true }).test(
  'what control plane and evaluator keep does not grow with the number of changes',
  async () => {
    const rows = await runManyChanges({
      changes: 800,
      measureEvery: 400,
      churnEvery: 400,
      progress: () => undefined,
    });
    const [from, to] = rows;
    expect(rows.map(({ changes }) => changes)).toEqual([400, 800]);
    expect(to!.controlPlane.heapBytes - from!.controlPlane.heapBytes).toBeLessThan(GROWTH_MAX_BYTES);
    expect(to!.evaluator.heapBytes - from!.evaluator.heapBytes).toBeLessThan(GROWTH_MAX_BYTES);
  },
  TIMEOUT_MS,
);
