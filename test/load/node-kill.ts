// One of two evaluators is killed with all of its clients on it: how fast the other one admits them, and that none of
// them goes back.

import { LoadFleet } from './load-fleet.ts';
import { LoadSite } from './load-site.ts';
import { machineMs } from './machine-clock.ts';
import { connectMaxMs } from './push.ts';
import { Findings, type ScenarioResult } from './scenario.ts';

export interface NodeKillOptions {
  readonly clients: number;
  readonly perSecond: number;
}

/** Of ten thousand, admitted at a thousand a second. */
const RECOVERY_AIM_MS = 12_000;
const ADMISSION_AIM_PER_SECOND = 1_100;
const RECOVERY_MAX_MS = 180_000;
const WINDOW_MS = 1_000;

export async function runNodeKill({ clients, perSecond }: NodeKillOptions): Promise<ScenarioResult> {
  const found = new Findings();
  const site = await LoadSite.start({ evaluators: 2 });
  const { endpoints } = site;
  const fleet = new LoadFleet('killed', clients);
  await fleet.openWitnesses(endpoints, {});
  await fleet.open({
    ...{ endpoints, way: {}, startAtFirst: true, heartbeatMs: 0 },
    ...{ count: clients, namePrefix: 'client', perSecond, seeded: false },
  });
  await fleet.untilCurrent(await site.settled(), connectMaxMs(clients, perSecond));

  const killedMs = machineMs();
  await site.evaluator(0).process.kill('SIGKILL');
  const { revision } = await site.change();
  const counts = await fleet.untilCurrent(revision, RECOVERY_MAX_MS);
  const recoveredMs = machineMs() - killedMs;
  const { attemptMs, admittedMs, retryAfterMs, failures } = await fleet.connects();
  const since = (moments: readonly number[]): readonly number[] => moments.filter((ms) => ms > killedMs);
  const admittedMax = mostWithin(since(admittedMs), WINDOW_MS);

  const wrong = await fleet.wrongValues(revision, site.values);
  const rollout = await site.untilRollout(revision, ({ applied }) => applied >= clients + fleet.processes, {
    what: 'the control plane to know all of them at the other evaluator',
    timeoutMs: 60_000,
  });
  found.promise(counts.regressions === 0, `${counts.regressions} clients went back to an older revision`);
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.join(', ')} wrongly`);
  found.figure('clients on the evaluator that is killed', clients);
  found.figure('until all are current again at the other, ms', recoveredMs);
  found.figure('welcomed by the other within a second, at most', admittedMax);
  found.figure('attempts within a second, at most', mostWithin(since(attemptMs), WINDOW_MS));
  found.figure('attempts in all', since(attemptMs).length);
  found.figure('sent away with a delay to keep', retryAfterMs.length);
  found.figure('the longest delay, ms', Math.max(0, ...retryAfterMs));
  found.figure('ends of streams and attempts, by reason', JSON.stringify(failures));
  found.figure(
    'the rollout, as the control plane tells it',
    `${rollout.applied} applied, ${rollout.owing} owe it`,
  );
  found.aim('until all are current again', recoveredMs, RECOVERY_AIM_MS, 'ms');
  found.aim('admitted within a second', admittedMax, ADMISSION_AIM_PER_SECOND, 'clients');
  await fleet.close();
  return found.result('node-kill', `An evaluator is killed with ${clients.toLocaleString('en-US')} clients`);
}

/** The most moments that any window of this length holds. */
export function mostWithin(moments: readonly number[], windowMs: number): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let [first, most] = [0, 0];
  for (const [last, ms] of sorted.entries()) {
    while (ms - sorted[first]! >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
