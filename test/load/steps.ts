// Ten times the load, for a minute, out of a steady state at half of what the server can: what is too much is refused
// with a delay to keep, and the rest goes on as before.

import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectFigures } from './connect-load.ts';
import type { ClientWay } from './fleet-questions.ts';
import { LoadFleet } from './load-fleet.ts';
import { LoadSite, MEASURED_FLAG } from './load-site.ts';
import { machineMs } from './machine-clock.ts';
import { connectMaxMs } from './push.ts';
import { Findings, formatNumber, type ScenarioResult } from './scenario.ts';
import type { UnaryFigures } from './unary-load.ts';

export interface StepsOptions {
  /** That follow meanwhile. */
  readonly clients: number;
  readonly perSecond: number;
  /** Of a step; the steady states before and after it take a third each. */
  readonly stepMs: number;
}

const TIMES = 10;
const GOODPUT_AIM = 0.9;
const P99_TIMES_AIM = 2;
const FLIPPED_FLAGS = 100;
const FLIPS_PER_SECOND = 100;
/** While clients are pushed to: calls that show whether these wait. */
const BESIDE_PER_SECOND = 500;
const NEWEST_MAX_MS = 60_000;
/** Those that follow stand for other machines: what they take in is not to keep the evaluator from its core. */
const FOLLOWERS = { niceness: 10, perProcess: 500 } as const;

export async function runSteps(options: StepsOptions): Promise<ScenarioResult> {
  const found = new Findings();
  const site = await LoadSite.start({ evaluators: 1, flags: FLIPPED_FLAGS + 1 });
  const following = new LoadFleet('following', options.clients, FOLLOWERS);
  const way = { endpoints: site.endpoints, way: {}, startAtFirst: true, heartbeatMs: 0 };
  await following.openWitnesses(site.endpoints, {});
  await following.open({
    ...way,
    ...{ count: options.clients, namePrefix: 'following', perSecond: options.perSecond, seeded: false },
  });
  await following.untilCurrent(await site.settled(), connectMaxMs(options.clients, options.perSecond));
  found.figure('clients that follow meanwhile', options.clients);
  await byFreshLoad((load) => stepOfCalls(site, load, options.stepMs, found));
  await byFreshLoad((load) => stepOfConnects(load, way, options.stepMs, found));
  await byFreshLoad((load) => stepOfWrites(site, following, load, options.stepMs, found));
  found.figure(
    'those that follow give way to calls beside pushes',
    following.takeWhatIsLeft() ? 'yes' : 'no',
  );
  await byFreshLoad((load) => callsBesidePush(site, load, options.stepMs, found));

  const { revision } = await site.change();
  const counts = await following.untilCurrent(revision, NEWEST_MAX_MS);
  const wrong = await following.wrongValues(revision, site.values);
  found.promise(counts.regressions === 0, `${counts.regressions} clients went back to an older revision`);
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.join(', ')} wrongly`);
  found.figure('streams of those that follow that were lost in all steps', counts.losses);
  const { failures } = await following.connects();
  found.figure('why they ended', JSON.stringify(failures));
  await following.close();
  return found.result('steps', `${TIMES} times the load`);
}

/** A process that has opened 300,000 connections answers late itself, which would be told as the evaluator's time. */
async function byFreshLoad(step: (load: LoadFleet) => Promise<void>): Promise<void> {
  const load = new LoadFleet('load', 1);
  await step(load);
  await load.close();
}

async function stepOfCalls(site: LoadSite, load: LoadFleet, stepMs: number, found: Findings): Promise<void> {
  const { step, aim } = await stepOutOfHalf(found, stepMs, {
    what: 'evaluations',
    run: (perSecond, durationMs): Promise<UnaryFigures> =>
      load.unaryLoad({ endpoint: site.endpoints[0]!, flagKey: MEASURED_FLAG, perSecond, durationMs }),
    doneOf: ({ answeredPerSecond }) => answeredPerSecond,
    textOf: callsText,
  });
  found.aim('evaluations answered in the step', step.answeredPerSecond, aim, '/s', true);
  found.promise(step.failed === 0, `calls failed without a delay to keep: ${step.firstFailure}`);
}

async function stepOfConnects(
  load: LoadFleet,
  way: ClientWay,
  stepMs: number,
  found: Findings,
): Promise<void> {
  const { step, aim } = await stepOutOfHalf(found, stepMs, {
    what: 'clients that come',
    run: (perSecond, durationMs): Promise<ConnectFigures> => load.connectLoad({ perSecond, durationMs }, way),
    doneOf: ({ admittedPerSecond }) => admittedPerSecond,
    textOf: comersText,
  });
  found.aim('admitted in the step', step.admittedPerSecond, aim, '/s', true);
}

interface SteppedLoad<Figures> {
  readonly what: string;
  /** @param perSecond that are offered; undefined: as many as are taken (closed loop) */
  run(perSecond: number | undefined, durationMs: number): Promise<Figures>;
  doneOf(figures: Figures): number;
  textOf(figures: Figures): string;
}

/** The step, and what of the measured capacity it should do in a second. */
async function stepOutOfHalf<Figures>(
  found: Findings,
  stepMs: number,
  { what, run, doneOf, textOf }: SteppedLoad<Figures>,
): Promise<{ readonly step: Figures; readonly aim: number }> {
  const capacityNow = async (): Promise<number> => doneOf(await run(undefined, stepMs / 6));
  // The first run finds code that is not compiled yet.
  await capacityNow();
  const capacity = await capacityNow();
  const steady = await run(capacity / 2, stepMs / 3);
  const step = await run((capacity / 2) * TIMES, stepMs);
  const after = await run(capacity / 2, stepMs / 3);
  // The machine is not as fast at all times.
  const capacityAfter = await capacityNow();
  found.figure(`${what}: capacity per second, closed loop, before`, capacity);
  found.figure('the same after', capacityAfter);
  for (const [name, figures] of [
    ['at half of it', steady],
    [`at ${TIMES} times that`, step],
    ['at half again', after],
  ] as const)
    found.figure(`${what} ${name}`, textOf(figures));
  return { step, aim: ((capacity + capacityAfter) / 2) * GOODPUT_AIM };
}

/** Flags are switched faster than clients need to see each. */
async function stepOfWrites(
  site: LoadSite,
  following: LoadFleet,
  load: LoadFleet,
  stepMs: number,
  found: Findings,
): Promise<void> {
  const { clients, transfers: before } = await following.counts(0);
  const enabled = new Map<string, boolean>();
  const startedMs = machineMs();
  const beside = load.unaryLoad({
    ...{ endpoint: site.endpoints[0]!, flagKey: MEASURED_FLAG },
    ...{ perSecond: BESIDE_PER_SECOND, durationMs: stepMs },
  });
  const slowestMs: number[] = [];
  const running = new Map<string, Promise<void>>();
  let [writes, revision] = [0, 0];
  const write = async (key: string, turnedOn: boolean): Promise<void> => {
    const sentMs = machineMs();
    const written = await site.admin.setEnabled(key, turnedOn);
    revision = Math.max(revision, written.revision);
    enabled.set(key, turnedOn);
    slowestMs.push(machineMs() - sentMs);
  };
  while (machineMs() - startedMs < stepMs) {
    // No flag twice at once: the last one to be written would be anybody's guess.
    const due = ((machineMs() - startedMs) / 1_000) * FLIPS_PER_SECOND;
    for (; writes < due && running.size < FLIPPED_FLAGS; writes++) {
      const turnedOn = Math.floor(writes / FLIPPED_FLAGS) % 2 === 1;
      const key = `flag-${1 + (writes % FLIPPED_FLAGS)}`;
      const before = running.get(key) ?? Promise.resolve();
      const next = before
        .then(() => write(key, turnedOn))
        .finally(() => {
          if (running.get(key) === next) running.delete(key);
        });
      running.set(key, next);
    }
    await delay(5);
  }
  await Promise.all(running.values());
  const wroteMs = machineMs() - startedMs;
  const after = await following.untilCurrent(revision, NEWEST_MAX_MS);
  const caughtUpMs = machineMs() - startedMs - wroteMs;
  const wrong = await following.wrongValues(revision, {
    ...Object.fromEntries(enabled),
    ...site.values,
  });
  const { p99Ms } = await beside;
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.length} of the switched flags wrongly`);
  found.figure('flag writes per second', writes / (wroteMs / 1_000));
  found.figure('the slowest answer to a write, ms', Math.max(...slowestMs));
  found.figure('transfers per client', (after.transfers - before) / clients);
  found.figure('clients at the newest after the last write, ms', caughtUpMs);
  found.figure(`evaluations meanwhile (${BESIDE_PER_SECOND}/s), p99 ms`, p99Ms);
}

/** Does a call wait for a push to all that follow? */
async function callsBesidePush(
  site: LoadSite,
  load: LoadFleet,
  stepMs: number,
  found: Findings,
): Promise<void> {
  const durationMs = stepMs / 3;
  const calls = (): Promise<UnaryFigures> =>
    load.unaryLoad({
      ...{ endpoint: site.endpoints[0]!, flagKey: MEASURED_FLAG },
      ...{ perSecond: BESIDE_PER_SECOND, durationMs },
    });
  const idle = await calls();
  const startedMs = machineMs();
  const pushed = calls();
  let pushes = 0;
  while (machineMs() - startedMs < durationMs) {
    await site.change();
    pushes += 1;
    await delay(1_000);
  }
  const { p50Ms, p99Ms } = await pushed;
  found.figure(
    `evaluations (${BESIDE_PER_SECOND}/s) while nothing is pushed, ms p50 / p99`,
    `${formatNumber(idle.p50Ms)} / ${formatNumber(idle.p99Ms)}`,
  );
  found.figure(
    `with a push to all each second (${pushes})`,
    `${formatNumber(p50Ms)} / ${formatNumber(p99Ms)}`,
  );
  found.aim('p99 of an evaluation beside pushes', p99Ms / idle.p99Ms, P99_TIMES_AIM, 'times idle');
}

function callsText(figures: UnaryFigures): string {
  const { offered, answered, answeredPerSecond, shed, keptAway, late, bounced, unsent, failed, p99Ms } =
    figures;
  return (
    `${formatNumber(offered)} offered, ${formatNumber(answered)} answered (${formatNumber(answeredPerSecond)}/s, ` +
    `p99 ${formatNumber(p99Ms)} ms), ${shed} sent away with a delay, ${keptAway} kept away by one, ${late} late, ` +
    `${bounced} sent again at once, ` +
    `${failed} failed, ${unsent} unsent`
  );
}

function comersText(figures: ConnectFigures): string {
  const { offered, admittedPerSecond, attempts, shed, retryAfterMaxMs, failed, unsent, p50Ms, p99Ms } =
    figures;
  return (
    `${formatNumber(offered)} came, ${formatNumber(admittedPerSecond)} admitted/s in ${attempts} attempts, ` +
    `${shed} sent away (${formatNumber(retryAfterMaxMs)} ms at most), ${unsent} unsent; until current ` +
    `p50 ${formatNumber(p50Ms)} ms, p99 ${formatNumber(p99Ms)} ms; ${JSON.stringify(failed)}`
  );
}
