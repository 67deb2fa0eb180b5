// The rows of the failure table that tell most, each some seconds, one after another on one installation while it is
// written to and evaluated (`make faults`: every row, at full size).

import { expect, test } from 'vitest';
import { UNCOVERED_POINTS } from '../faults/crash-rounds.ts';
import { runRows } from '../faults/fault-row.ts';
import { natsLosesEverything, natsLosesNewest } from '../faults/rows-of-nats.ts';
import { evaluatorAlone, evaluatorAsleep, evaluatorWithoutNats } from '../faults/rows-of-network.ts';
import { requiresNats } from '../support/requires-nats.ts';

const ROWS = [natsLosesNewest, evaluatorWithoutNats, natsLosesEverything, evaluatorAlone, evaluatorAsleep];
/** A machine that runs everything else as well. */
const TIMEOUT_MS = 480_000;

requiresNats('2.9.0', { ownServer: true }).test(
  `loses nothing and always answers, whatever fails (rows ${ROWS.map(({ row }) => row).join(', ')})`,
  async () => {
    const figures = await runRows(ROWS, false, { writePauseMs: 50, readPauseMs: 50 });
    process.stdout.write(
      `fault matrix, ${ROWS.length} rows: ${figures.acknowledged} acknowledged writes, ${figures.lost} lost, ` +
        `${figures.diverged} divergences, ${figures.evaluations} evaluations, ${figures.evaluationErrors} failed\n`,
    );
    expect(figures.problems).toEqual([]);
    expect(figures.lost + figures.diverged + figures.evaluationErrors).toBe(0);
  },
  TIMEOUT_MS,
);

test('every crash point has a step that crashes there', () => {
  expect(UNCOVERED_POINTS).toEqual([]);
});
