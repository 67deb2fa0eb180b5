// What one row of the failure table came to, and the judgement whether its promises held.

import type { FaultSite } from './fault-site.ts';
import { everythingShipped } from './nats-view.ts';
import type { Recovery } from './recovery.ts';
import type { Workload } from './workload.ts';

export interface Figures {
  readonly acknowledged: number;
  /** Acknowledged writes that are not in the log, or not where they were said to be. */
  readonly lost: number;
  /** Breaches of the other rules, and alarms of evaluators whose log differed, where the fault makes no two logs. */
  readonly diverged: number;
  readonly operations: number;
  readonly evaluations: number;
  readonly evaluationErrors: number;
  /** From the fault's end until every evaluator had a write that began then; the longest of several. */
  readonly convergeMs: number;
  /** Everything that should not be, in words. Empty: the row holds. */
  readonly problems: readonly string[];
}

export interface Expectation {
  /** Evaluators report that their log differs: the fault makes two histories. */
  readonly divergenceAlarms?: boolean;
}

const PROBLEMS_SHOWN = 8;

/** What holds after every fault: writes go on, everything is shipped, and the history keeps the promises. */
export async function conclude(
  site: FaultSite,
  workload: Workload,
  recovery: Recovery,
  { divergenceAlarms = false }: Expectation = {},
): Promise<Figures> {
  const convergeMs = await recovery.slowestMs();
  await workload.moreWrites(3);
  await workload.stop();
  await everythingShipped(site);
  await site.converged();
  const { operations, violations } = await workload.judge();
  const lost = violations.filter(({ rule }) => rule === 'acknowledged-once').length;
  const alarms = site.evaluators.reduce((sum, { node }) => sum + node.divergenceAlarms, 0);
  const problems = violations.slice(0, PROBLEMS_SHOWN).map(({ rule, detail }) => `${rule}: ${detail}`);
  if (!divergenceAlarms && alarms > 0) problems.push(`${alarms} alarms of a log that differs`);
  if (divergenceAlarms && alarms === 0) problems.push('no alarm of a log that differs');
  problems.push(...workload.errors.map((error) => `evaluation failed: ${error}`));
  return {
    acknowledged: workload.acknowledged,
    lost,
    diverged: violations.length - lost + (divergenceAlarms ? 0 : alarms),
    operations,
    evaluations: workload.evaluations,
    evaluationErrors: workload.evaluationErrors,
    convergeMs,
    problems,
  };
}
