// One row of the failure table, as a test: an installation of its own (or one that rows share), a workload that is
// already running, and what is done to it. What holds afterwards for every row is judged in one place.

import { strict as assert } from 'node:assert';
import { FaultSite, type SiteOptions } from './fault-site.ts';
import { conclude, type Expectation, type Figures } from './figures.ts';
import { everythingShipped, openBus } from './nats-view.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

export interface FaultContext {
  readonly site: FaultSite;
  readonly workload: Workload;
  /** At full size faults last as long as the table says; otherwise as long as the reaction needs. */
  readonly full: boolean;
}

export interface FaultRow {
  /** Number in the failure table. */
  readonly row: number;
  /** The failure, and what must be true nevertheless. */
  readonly sentence: string;
  readonly site?: Partial<SiteOptions>;
  readonly workload?: WorkloadOptions;
  readonly expect?: Expectation;
  /** Breaks and heals. Throws where the row's own promises do not hold. */
  run(context: FaultContext): Promise<void>;
}

export const EVALUATORS = 2;

/** The row by itself: set up, broken, healed, judged. */
export async function runRow(row: FaultRow, full: boolean): Promise<Figures> {
  const site = await FaultSite.start({ evaluators: EVALUATORS, ...row.site });
  const workload = await Workload.start(site, row.workload);
  try {
    await row.run({ site, workload, full });
    return await finish(row, site, workload);
  } catch (error) {
    await workload.stop(0);
    throw new Error(`row ${row.row} (${row.sentence}): ${(error as Error).message}`, { cause: error });
  } finally {
    site.close();
  }
}

async function finish(row: FaultRow, site: FaultSite, workload: Workload): Promise<Figures> {
  const convergeMs = await site.converged();
  const bus = await openBus(site);
  try {
    await workload.moreWrites(3);
    await workload.stop();
    await everythingShipped(bus, site.controlPlane.grpcPort);
    return await conclude(site, workload, { ...row.expect, convergeMs });
  } finally {
    await bus.close();
  }
}

/** For rows: what must be true, in words that stand in the failure. */
export function must(condition: boolean, what: string): asserts condition {
  assert.ok(condition, `expected ${what}`);
}
