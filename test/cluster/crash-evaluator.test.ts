// Every crash point of the evaluator once, in real processes (`make faults`: twenty times each).

import { expect } from 'vitest';
import { crashEvaluator } from '../faults/crash-rounds.ts';
import { requiresNats } from '../support/requires-nats.ts';

/** Some ten starts of processes, on a machine that runs everything else as well. */
const TIMEOUT_MS = 480_000;

requiresNats('2.9.0', { ownServer: true }).test(
  'the evaluator, killed at each of its crash points, loses and doubles nothing',
  async () => {
    const figures = await crashEvaluator({ rounds: 1, passesMax: 3, random: Math.random });
    process.stdout.write(
      `crash points of the evaluator: ${figures.crashes} crashes, ${figures.acknowledged} acknowledged writes, ` +
        `${figures.lost} lost, ${figures.diverged} other breaches, ${figures.evaluations} evaluations, ` +
        `${figures.evaluationErrors} failed\n`,
    );
    expect(figures.problems).toEqual([]);
    expect(figures.lost + figures.diverged + figures.evaluationErrors).toBe(0);
  },
  TIMEOUT_MS,
);
