// The short form of `make soak ARGS=clients`: who comes and goes leaves nothing behind, and nobody who stays notices.

import { expect } from 'vitest';
import { requiresFolder } from '../support/requires-folder.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { type ManyClientsOptions, runManyClients } from './many-clients.ts';
import { readBytesMissing } from './read-bytes.ts';

/** A machine that runs everything else as well. */
const TIMEOUT_MS = 480_000;
/** Each kind of disturbance once. */
const SMALL: ManyClientsOptions = {
  stay: { thin: 20, sdk: 5 },
  visit: { thin: 10, sdk: 4 },
  flags: 5,
  revisionsBefore: 20,
  cycles: 3,
  changesPerCycle: 12,
  changeEveryMs: 20,
  disturbEvery: 1,
  disturbedChanges: 2,
  progress: () => undefined,
};

const NAME = 'clients that come and go leave no file open, and those that stay miss nothing';
if (readBytesMissing() === undefined)
  requiresNats('2.9.0', { ownServer: true }).test(NAME, leavesNothing, TIMEOUT_MS);
else requiresFolder('/proc/self/io').test(NAME, leavesNothing);

async function leavesNothing(): Promise<void> {
  const { samples, crowd, stay, listed, wrongValues } = await runManyClients(SMALL);
  const last = samples.at(-1)!;
  expect(samples.map(({ changes, visits }) => [changes, visits])).toEqual([
    [0, 0],
    [12, 14],
    [24, 28],
    [36, 42],
  ]);
  for (const side of ['controlPlane', 'evaluator', 'sdk'] as const)
    expect(last[side].openFiles - samples[0]![side].openFiles, side).toBeLessThanOrEqual(2);
  expect(crowd).toMatchObject({ regressions: 0, losses: 0 });
  expect(crowd.transfers).toBeGreaterThan(20 * 12);
  expect(wrongValues).toBe(0);
  expect(listed).toMatchObject({ clients: stay, current: stay, arriving: 0, behind: 0 });
}
