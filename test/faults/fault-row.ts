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
  readonly expect?: Expectation;
  /** Breaks and heals. Throws where the row's own promises do not hold. */
  run(context: FaultContext): Promise<void>;
}

const EVALUATORS = 2;

/** The row by itself: set up, broken, healed, judged. */
export function runRow(row: FaultRow, full: boolean): Promise<Figures> {
  return runRows([row], full);
}

/** Rows that ask for nothing special, one after another on one installation and under one workload. */
export async function runRows(
  rows: readonly FaultRow[],
  full: boolean,
  load?: WorkloadOptions,
): Promise<Figures> {
  const [first] = rows;
  const site = await FaultSite.start({ evaluators: EVALUATORS, ...first?.site });
  const workload = await Workload.start(site, load);
  try {
    let convergeMs = 0;
    for (const row of rows) {
      await breakAndHeal(row, { site, workload, full });
      convergeMs = Math.max(convergeMs, await site.converged());
    }
    return await finish(site, workload, { ...first?.expect, convergeMs });
  } catch (error) {
    await workload.stop(0);
    throw error;
  } finally {
    site.close();
  }
}

async function breakAndHeal(row: FaultRow, context: FaultContext): Promise<void> {
  try {
    await row.run(context);
  } catch (error) {
    throw new Error(`row ${row.row} (${row.sentence}): ${(error as Error).message}`, { cause: error });
  }
}

/** What holds after every row: writes go on, everything is shipped, and the history keeps the promises. */
async function finish(site: FaultSite, workload: Workload, expectation: Expectation): Promise<Figures> {
  await workload.moreWrites(3);
  await workload.stop();
  const bus = await openBus(site);
  try {
    await everythingShipped(bus, site.controlPlane.grpcPort);
    await site.converged();
    return await conclude(site, workload, expectation);
  } finally {
    await bus.close();
  }
}

/** For rows: what must be true, in words that stand in the failure. */
export function must(condition: boolean, what: string): asserts condition {
  assert.ok(condition, `expected ${what}`);
}
