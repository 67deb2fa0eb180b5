// Thousands of clients on one evaluator, or some: one change reaches all of them, and the control plane knows it.

import { percentile } from '../bench/statistics.ts';
import { LoadFleet } from './load-fleet.ts';
import { LoadSite } from './load-site.ts';
import { medianOf, type PushRound, PushRounds } from './push-rounds.ts';
import { Findings, type ScenarioResult } from './scenario.ts';

export interface PushOptions {
  readonly clients: number;
  readonly evaluators: number;
  /** Counted; some more before them are not. */
  readonly changes: number;
  /** Clients that connect. */
  readonly perSecond: number;
  /** That clients ask for; 0: as the server has it. */
  readonly heartbeatMs?: number;
}

const WARM_UP_CHANGES = 2;
/** Of ten thousand clients on a machine with two cores. */
const AIMED_CLIENTS = 10_000;
const LAST_RECEIPT_AIM_MS = 400;
const CPU_AIM_US = 30;

export async function runPush(options: PushOptions): Promise<ScenarioResult> {
  const { clients, evaluators, changes, perSecond, heartbeatMs = 0 } = options;
  const found = new Findings();
  const site = await LoadSite.start({ evaluators });
  const fleet = new LoadFleet('push', clients);
  const way = { endpoints: site.endpoints, way: {}, startAtFirst: false, heartbeatMs };
  await fleet.openWitnesses(site.endpoints, {});
  await fleet.open({ ...way, count: clients, namePrefix: 'pushed', perSecond, seeded: false });
  await fleet.untilCurrent(await site.settled(), connectMaxMs(clients, perSecond));

  const rounds = new PushRounds(
    {
      change: () => site.change(),
      cpuMs: () => site.cpuMs(),
    },
    fleet,
    clients,
  );
  for (let turn = 0; turn < WARM_UP_CHANGES; turn++) await rounds.round();
  await rounds.rest();
  const measured: PushRound[] = [];
  for (let turn = 0; turn < changes; turn++) measured.push(await rounds.round());
  const held = [await rounds.heldRound(), await rounds.heldRound()];
  const last = await site.change();
  const counts = await fleet.untilCurrent(last.revision, 60_000);

  const everybody = clients + fleet.processes;
  const rollout = await site.untilRollout(
    last.revision,
    ({ applied, complete }) => complete && applied === everybody,
    {
      what: `the control plane to know that all ${everybody} clients have the change`,
      timeoutMs: 60_000,
    },
  );
  const wrong = await fleet.wrongValues(last.revision, site.values);
  found.promise(rollout.owing === 0, `${rollout.owing} clients owe a change that all have confirmed`);
  found.promise(counts.regressions === 0, `${counts.regressions} clients went back to an older revision`);
  found.promise(counts.losses === 0, `${counts.losses} streams were lost`);
  found.promise(wrong.length === 0, `an SDK client evaluates ${wrong.join(', ')} wrongly`);

  const lastReceivedMs = medianOf(measured, ({ receivedMs }) => Math.max(...receivedMs));
  const lastHeldMs = medianOf(held, (round) => Math.max(...round.receivedMs));
  const pushCpuUs = medianOf(held, ({ pushCpuMs }) => (pushCpuMs * 1_000) / clients);
  found.figure('clients, each over a connection of its own', clients);
  found.figure('evaluators', evaluators);
  if (heartbeatMs > 0) found.figure('heartbeats that the clients ask for, ms', heartbeatMs);
  const told = (what: string, of: (round: PushRound) => readonly number[]): void => {
    const at = (share: number): number => medianOf(measured, (round) => percentile(of(round), share));
    found.figure(
      `commit to ${what}, ms: p50 / p99 / last, medians of ${changes} changes`,
      `${at(0.5).toFixed(0)} / ${at(0.99).toFixed(0)} / ${at(1).toFixed(0)}`,
    );
  };
  told('receipt', ({ receivedMs }) => receivedMs);
  told('acknowledgement', ({ confirmedMs }) => confirmedMs);
  found.figure('the same to the last receipt, acknowledgements held back, ms', lastHeldMs);
  found.figure(
    'CPU of the evaluators per client, push and acknowledgement, us',
    medianOf(measured, ({ cpuMs }) => (cpuMs * 1_000) / clients),
  );
  found.figure('push alone, us', pushCpuUs);
  found.figure(
    'acknowledgement alone, us',
    medianOf(held, ({ acknowledgeCpuMs }) => (acknowledgeCpuMs * 1_000) / clients),
  );
  found.figure(
    'bytes of messages per client and change',
    medianOf(measured, ({ bytesPerClient }) => bytesPerClient),
  );
  found.figure('the rollout, as the control plane tells it', `${rollout.applied} of ${everybody} applied`);
  if (clients <= AIMED_CLIENTS) {
    found.aim('commit to the last receipt', lastReceivedMs, LAST_RECEIPT_AIM_MS, 'ms');
    found.aim('the same, acknowledgements apart', lastHeldMs, LAST_RECEIPT_AIM_MS, 'ms');
  }
  found.aim('CPU per push, acknowledgements apart', pushCpuUs, CPU_AIM_US, 'us');
  await fleet.close();
  return found.result('push', `One change to ${clients.toLocaleString('en-US')} clients`);
}

/** A busy machine may be three times slower than the pace. */
export function connectMaxMs(clients: number, perSecond: number): number {
  return 60_000 + (clients / perSecond) * 3_000;
}
