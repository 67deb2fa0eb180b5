// One of two evaluators goes with all of its clients on it, killed or in order: how fast the other one admits them, and
// that none of them goes back.

import { setTimeout as delay } from 'node:timers/promises';
import { scrape } from '../support/scrape.ts';
import { LoadFleet } from './load-fleet.ts';
import { LoadSite } from './load-site.ts';
import { machineMs } from './machine-clock.ts';
import { connectMaxMs } from './push.ts';
import { Findings, type ScenarioResult } from './scenario.ts';

export interface NodeKillOptions {
  readonly clients: number;
  readonly perSecond: number;
  /** SIGTERM: it asks its clients to move. */
  readonly signal: 'SIGKILL' | 'SIGTERM';
}

/** Of ten thousand, admitted at a thousand a second. */
const RECOVERY_AIM_MS = 12_000;
const ADMISSION_AIM_PER_SECOND = 1_100;
const RECOVERY_MAX_MS = 180_000;
/** Nodes report each second while something moves, and one that died may have told of a client later than that. */
const KNOWN_MAX_MS = 60_000;
const WAIT_SECONDS = 60;
const WINDOW_MS = 1_000;
const LOOK_MS = 500;

export async function runNodeKill({ clients, perSecond, signal }: NodeKillOptions): Promise<ScenarioResult> {
  const found = new Findings();
  const site = await LoadSite.start({ evaluators: 2 });
  const { endpoints } = site;
  const fleet = new LoadFleet('killed', clients);
  await fleet.openWitnesses(endpoints, {});
  await fleet.open({
    ...{ endpoints, way: {}, startAtFirst: true, heartbeatMs: 0 },
    ...{ count: clients, namePrefix: 'client', perSecond, seeded: false },
  });
  const settled = await site.settled();
  await fleet.untilCurrent(settled, connectMaxMs(clients, perSecond));
  const everybody = clients + fleet.processes;
  await site.untilRollout(settled, ({ applied }) => applied === everybody, {
    what: `the control plane to know all ${everybody} clients`,
    timeoutMs: KNOWN_MAX_MS,
  });

  const watched = new GrowthWatch(site.evaluator(1).managementPort);
  const killedMs = machineMs();
  await site.evaluator(0).process.kill(signal);
  const change = await site.change();
  const { revision } = change;
  const counts = await fleet.untilCurrent(revision, RECOVERY_MAX_MS);
  const recoveredMs = machineMs() - killedMs;
  const grownMax = await watched.stop();
  const { attemptMs, admittedMs, retryAfterMs, failures, drains } = await fleet.connects();
  const since = (moments: readonly number[]): readonly number[] => moments.filter((ms) => ms > killedMs);

  const wrong = await fleet.wrongValues(revision, site.values);
  const rollout = await site.untilRollout(
    revision,
    ({ applied, owing }) => applied === everybody && owing === 0,
    {
      what: 'the control plane to know all of them at the other evaluator, and each of them once',
      timeoutMs: KNOWN_MAX_MS,
    },
  );
  // A node that died is waited for until it is taken for lost.
  const waited = await site.wait(change, WAIT_SECONDS);
  found.promise(waited.code === 0, `flagstream wait exits ${waited.code}: ${waited.stdout}`);
  found.promise(counts.regressions === 0, `${counts.regressions} clients went back to an older revision`);
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.join(', ')} wrongly`);
  found.figure('clients on the evaluator that goes', clients);
  found.figure('until all are current again at the other, ms', recoveredMs);
  // Processes that share cores with others read in bursts.
  found.figure(
    'welcomes read by the clients within a second, at most',
    mostWithin(since(admittedMs), WINDOW_MS),
  );
  found.figure('admitted by it within a second, at most, by its metrics', grownMax);
  found.figure('asked to move by the evaluator that goes', drains);
  found.figure('streams that ended before another one was live', counts.losses);
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
  found.aim('admitted within a second', grownMax, ADMISSION_AIM_PER_SECOND, 'clients');
  await fleet.close();
  const crowd = clients.toLocaleString('en-US');
  return signal === 'SIGKILL'
    ? found.result('node-kill', `An evaluator is killed with ${crowd} clients`)
    : found.result('drain', `An evaluator stops in order with ${crowd} clients`);
}

/** How many streams more an evaluator has after a second, at most, by its own metrics. */
class GrowthWatch {
  readonly #seen: { readonly ms: number; readonly streams: number }[] = [];
  readonly #watching: Promise<void>;
  #stopped = false;

  constructor(managementPort: number) {
    this.#watching = this.#watch(managementPort);
  }

  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#watching;
    const grown = this.#seen.map(({ ms, streams }) => {
      const later = this.#seen.find((look) => look.ms - ms >= WINDOW_MS);
      return later === undefined ? 0 : ((later.streams - streams) * WINDOW_MS) / (later.ms - ms);
    });
    return Math.round(Math.max(...grown));
  }

  async #watch(managementPort: number): Promise<void> {
    while (!this.#stopped) {
      const streams = await scrape(managementPort, 'flagstream_stream_clients{kind="sync"}');
      this.#seen.push({ ms: machineMs(), streams });
      await delay(LOOK_MS);
    }
  }
}

/** The most moments that any window of this length holds. */
function mostWithin(moments: readonly number[], windowMs: number): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let [first, most] = [0, 0];
  for (const [last, ms] of sorted.entries()) {
    while (ms - sorted[first]! >= windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
