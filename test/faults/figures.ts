// What one row of the failure table came to, and the judgement whether its promises held.

import type { FaultSite } from './fault-site.ts';
import type { Workload } from './workload.ts';

export interface Figures {
  readonly acknowledged: number;
  /** Acknowledged writes that are not in the log, or not where they were said to be. */
  readonly lost: number;
  /** Breaches of the other rules, and alarms of evaluators whose log differed. */
  readonly diverged: number;
  readonly operations: number;
  readonly evaluations: number;
  readonly evaluationErrors: number;
  /** From the fault's end until every evaluator had the newest revision; absent where nothing had to converge. */
  readonly convergeMs?: number;
  /** Everything that should not be, in words. Empty: the row holds. */
  readonly problems: readonly string[];
}

export interface Expectation {
  /** Evaluators may report that their log differs: the fault makes two histories. */
  readonly divergenceAlarms?: boolean;
  readonly convergeMs?: number;
}

const PROBLEMS_SHOWN = 8;

/** Stops the workload and judges what it recorded. */
export async function conclude(
  site: FaultSite,
  workload: Workload,
  { divergenceAlarms = false, convergeMs }: Expectation = {},
): Promise<Figures> {
  await workload.stop();
  const { operations, violations } = await workload.judge();
  const lost = violations.filter(({ rule }) => rule === 'acknowledged-once').length;
  const alarms = await alarmsOf(site);
  const problems = violations.slice(0, PROBLEMS_SHOWN).map(({ rule, detail }) => `${rule}: ${detail}`);
  if (!divergenceAlarms && alarms > 0) problems.push(`${alarms} alarms of a log that differs`);
  problems.push(...workload.errors.map((error) => `evaluation failed: ${error}`));
  return {
    acknowledged: workload.acknowledged,
    lost,
    diverged: violations.length - lost + (divergenceAlarms ? 0 : alarms),
    operations,
    evaluations: workload.evaluations,
    evaluationErrors: workload.evaluationErrors,
    ...(convergeMs === undefined ? {} : { convergeMs }),
    problems,
  };
}

async function alarmsOf(site: FaultSite): Promise<number> {
  const counts = await Promise.all(
    site.evaluators
      .filter(({ node }) => node.serving)
      .map(({ node }) => node.metric('flagstream_log_alarms_total{alarm="diverged"}')),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
