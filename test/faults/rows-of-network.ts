// Rows of the failure table about the network: one party does not reach another, in every way in which that happens.

import type { Fault } from '../support/tcp-proxy.ts';
import { type FaultRow, must } from './fault-row.ts';
import { removeFolder } from './fault-site.ts';
import { shippedSoFar } from './nats-view.ts';

/** The ways to be apart. At full size each of them; otherwise the second, which no end is told of. */
const APART: readonly Fault[] = [
  { kind: 'cut' },
  { kind: 'half-open' },
  { kind: 'drop', direction: 'up' },
  { kind: 'drop', direction: 'down' },
  { kind: 'hold', direction: 'both' },
  { kind: 'limit', direction: 'down', bytes: 500 },
];

const apart = (full: boolean): readonly Fault[] => (full ? APART : [APART[1]!]);
/** 5 s until NATS is called unhealthy, on a machine that runs everything else as well. */
const FALLBACK_TIMEOUT_MS = 30_000;

export const controlPlaneWithoutNats: FaultRow = {
  row: 10,
  sentence: 'the control plane does not reach NATS: writes go on, evaluators hear of them from it',
  async run({ site, workload, full, healed }) {
    for (const fault of apart(full)) {
      site.controlPlaneToNats.set(fault);
      await workload.moreWrites(10);
      await site.standOn('fallback');
      await site.converged(FALLBACK_TIMEOUT_MS);
      site.controlPlaneToNats.heal();
      await healed();
      // The next kind must find them on NATS again, which the control plane ships to.
      await shippedSoFar(site);
      await site.standOn('live');
    }
  },
};

export const evaluatorWithoutNats: FaultRow = {
  row: 11,
  sentence:
    'an evaluator does not reach NATS: it follows the control plane within seconds, and NATS when it is back',
  async run({ site, workload, full, healed }) {
    const evaluator = site.evaluators[0]!;
    const { toNats, toControlPlane } = evaluator;
    for (const fault of apart(full)) {
      toNats.set(fault);
      await workload.moreWrites(10);
      await site.standOn('fallback', [evaluator]);
      await site.converged(FALLBACK_TIMEOUT_MS);
      toNats.heal();
      await healed();
      // The next kind must find it on NATS again.
      await site.standOn('live');
    }
    toControlPlane.set({ kind: 'delay', delayMs: 200 });
    toNats.set({ kind: 'delay', delayMs: 200 });
    await workload.moreWrites(10);
    await site.converged();
    toControlPlane.heal();
    toNats.heal();
    toNats.reset();
    await healed();
    await site.standOn('live');
  },
};

export const evaluatorAlone: FaultRow = {
  row: 12,
  sentence: 'an evaluator reaches nobody and is restarted: it serves from its disk what it served before',
  async run({ site, workload, healed }) {
    const evaluator = site.evaluators[0]!;
    await workload.moreWrites(5);
    await site.converged();
    site.isolate(evaluator);
    const before = await evaluator.node.metric('flagstream_applied_revision');
    await evaluator.node.crash();
    await evaluator.node.start();
    await site.standOn('stale-cache', [evaluator]);
    await workload.moreEvaluations(10, evaluator);
    const after = await evaluator.node.metric('flagstream_applied_revision');
    must(after >= before, `at least revision ${before} from disk, not ${after}`);
    await site.standOn('stale-cache', [evaluator]);
    site.rejoin(evaluator);
    await healed();
  },
};

export const evaluatorAsleep: FaultRow = {
  row: 24,
  sentence: 'an evaluator stands still while others go on: it catches up, and nobody waits for it',
  async run({ site, workload, full, healed }) {
    const { node } = site.evaluators[0]!;
    node.pause();
    if (full) await workload.goesOnFor(30_000);
    else await workload.moreWrites(30);
    node.resume();
    await healed();
  },
};

export const fleetRestarts: FaultRow = {
  row: 34,
  sentence: 'all evaluators are restarted at once, half of them with nothing on disk: all come back',
  async run({ site, workload, healed }) {
    await Promise.all(site.evaluators.map(({ node }) => node.crash()));
    for (const [i, { cacheDir }] of site.evaluators.entries()) if (i % 2 === 0) removeFolder(cacheDir);
    const recovered = healed();
    await Promise.all(site.evaluators.map(({ node }) => node.start()));
    await recovered;
    await Promise.all(site.evaluators.map((evaluator) => workload.moreEvaluations(10, evaluator)));
  },
};
