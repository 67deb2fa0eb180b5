// One row of the failure table, as a test: an installation of its own (or one that rows share), a workload that is
// already running, and what is done to it. What holds afterwards for every row is judged in one place.

import { strict as assert } from 'node:assert';
import { FaultSite, type SiteOptions } from './fault-site.ts';
import { conclude, type Expectation, type Figures } from './figures.ts';
import { Recovery } from './recovery.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

export interface FaultContext {
  readonly site: FaultSite;
  readonly workload: Workload;
  /** At full size faults last as long as the table says; otherwise as long as the reaction needs. */
  readonly full: boolean;
  /** The fault ends now. Resolves when every evaluator has a write that began now; the table says how long that took. */
  readonly healed: () => Promise<void>;
}

export interface FaultRow {
  /** Number in the failure table. */
  readonly row: number;
  /** The failure, and what must be true nevertheless. */
  readonly sentence: string;
  readonly site?: Partial<SiteOptions>;
  readonly expect?: Expectation;
  /** Breaks and heals, and says when. Throws where the row's own promises do not hold. */
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
  const recovery = new Recovery(site, workload);
  try {
    for (const row of rows) {
      await breakAndHeal(row, { site, workload, full, healed: recovery.healed });
      await site.converged();
    }
    return await conclude(site, workload, recovery, first?.expect);
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

/** For rows: what must be true, in words that stand in the failure. */
export function must(condition: boolean, what: string): asserts condition {
  assert.ok(condition, `expected ${what}`);
}
