// The short form of `make soak ARGS=start-up`: what a start reads does not grow with the log.

import { LIMITS } from '@flagstream/protocol';
import { expect } from 'vitest';
import { requiresFolder } from '../support/requires-folder.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { readBytesMissing } from './read-bytes.ts';
import { measureGrowingLog } from './start-up.ts';

/** Beyond the revisions whose hashes go into a snapshot: up to there a start reads more with each. */
const FEW: number = LIMITS.deltaWindowRevisions + 100;
const MANY: number = FEW + 2_000;
/** A revision takes some 300 bytes: reading them all would be 600,000 more. */
const DIFFERENCE_MAX_BYTES = 200_000;

/** A machine that runs everything else as well. */
const TIMEOUT_MS = 480_000;

const NAME = 'a control plane and an evaluator read no more of a long log than of a short one to start';
if (readBytesMissing() === undefined)
  requiresNats('2.9.0', { ownServer: true }).test(NAME, comparesReading, TIMEOUT_MS);
else requiresFolder('/proc/self/io').test(NAME, comparesReading);

async function comparesReading(): Promise<void> {
  const [few, many] = await measureGrowingLog([FEW, MANY], 20);
  expect(many!.controlPlaneReadBytes - few!.controlPlaneReadBytes).toBeLessThan(DIFFERENCE_MAX_BYTES);
  expect(many!.evaluatorReadBytes - few!.evaluatorReadBytes).toBeLessThan(DIFFERENCE_MAX_BYTES);
}
