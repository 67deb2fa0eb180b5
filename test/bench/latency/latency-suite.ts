// From a write to clients that evaluate by it, over a real control plane, nats-server and evaluator, each a
// process of its own; beside the floor of the same way without our code, one change of each in turn.

import { setTimeout as delay } from 'node:timers/promises';
import type { Admin } from '../../support/admin.ts';
import { Installation } from '../../support/installation.ts';
import { scrape } from '../../support/scrape.ts';
import type { SuiteReport } from '../report.ts';
import { type ChangeTimes, latencyRow } from './change-times.ts';
import { ClientFleet } from './client-fleet.ts';
import { Floor } from './floor.ts';

const FLAG_KEY = 'measured';
/** Other flags of the environment. */
const FLAGS = 100;
const PACE_MS = 5;
const WARM_UP_CHANGES = 50;
const RUNS = [
  { clients: 1, changes: 300 },
  { clients: 100, changes: 200 },
] as const;

export async function runLatencySuite(): Promise<SuiteReport> {
  const installation = await Installation.start({ evaluators: 1 });
  const { admin, nats } = installation;
  for (let index = 0; index < FLAGS; index++) await admin.createBoolean(`flag-${index}`);
  const { revision } = await admin.createBoolean(FLAG_KEY, false);
  const floor = await Floor.start(nats);
  const measured = new Measured(admin, installation.controlPlane.managementPort, revision);
  const rows = [];
  for (const { clients, changes } of RUNS) {
    const fleet = await ClientFleet.start(clients, installation.evaluators[0]!.grpcPort, FLAG_KEY);
    await interleaved(WARM_UP_CHANGES, floor, () => measured.change(fleet));
    const times = await interleaved(changes, floor, () => measured.change(fleet));
    const fleetName = clients === 1 ? '1 SDK client' : `the last of ${clients} SDK clients`;
    rows.push(latencyRow('floor beside it', times.floor), latencyRow(fleetName, times.ours, times.floor));
    await fleet.close();
  }
  return {
    name: 'latency',
    title: 'A change, from the write to the clients that evaluate by it',
    notes: [
      'Control plane (SQLite, synchronous=FULL), nats-server with JetStream, evaluator: one process each; the clients and the writer share the process of the benchmark, whose clock is read. Nothing is pinned.',
      `One flag of ${FLAGS + 1} is switched on and off, one change at a time, ${PACE_MS} ms after the last one had arrived. After each, every client is asked for the value and the revision.`,
      'The moment of the commit is told by the process that wrote to the disk, on the same machine; commit to applied is what shipping, following, pushing and applying take.',
      `The floor is one row with fsync, one JetStream publish, one consumer, one grpc-js write to one stream, in two processes; taken change by change in turn with ours. nats-server ${nats.version}.`,
    ],
    columns: [
      { key: 'name', title: 'milliseconds' },
      { key: 'changes', title: 'changes' },
      { key: 'committedP50', title: 'sent to committed, p50', digits: 2 },
      { key: 'committedP99', title: 'p99', digits: 2 },
      { key: 'acknowledgedP50', title: 'sent to acknowledged, p50', digits: 2 },
      { key: 'acknowledgedP99', title: 'p99', digits: 2 },
      { key: 'restP50', title: 'committed to applied, p50', digits: 2 },
      { key: 'restP99', title: 'p99', digits: 2 },
      { key: 'appliedP50', title: 'sent to applied, p50', digits: 2 },
      { key: 'appliedP99', title: 'p99', digits: 2 },
      { key: 'floors', title: 'x floor, p50', digits: 1 },
    ],
    rows,
  };
}

/** Changes of the measured flag, one after the other. */
class Measured {
  readonly #admin: Admin;
  readonly #managementPort: number;
  #revision: number;
  #enabled = false;

  constructor(admin: Admin, managementPort: number, revision: number) {
    this.#admin = admin;
    this.#managementPort = managementPort;
    this.#revision = revision;
  }

  async change(fleet: ClientFleet): Promise<ChangeTimes> {
    this.#enabled = !this.#enabled;
    this.#revision++;
    const applied = fleet.nextChange({ revision: this.#revision, enabled: this.#enabled });
    const sentMs = performance.now();
    const acknowledged = this.#admin.setEnabled(FLAG_KEY, this.#enabled).then(() => performance.now());
    const [acknowledgedMs, appliedMs] = await Promise.all([acknowledged, applied]);
    const committed = await scrape(this.#managementPort, 'flagstream_last_commit_timestamp_seconds');
    return {
      committedMs: committed * 1000 - performance.timeOrigin - sentMs,
      acknowledgedMs: acknowledgedMs - sentMs,
      appliedMs: appliedMs - sentMs,
    };
  }
}

async function interleaved(
  changes: number,
  floor: Floor,
  change: () => Promise<ChangeTimes>,
): Promise<{ readonly floor: readonly ChangeTimes[]; readonly ours: readonly ChangeTimes[] }> {
  const times = { floor: [] as ChangeTimes[], ours: [] as ChangeTimes[] };
  for (let index = 0; index < changes; index++) {
    times.floor.push(await floor.change());
    await delay(PACE_MS);
    times.ours.push(await change());
    await delay(PACE_MS);
  }
  return times;
}
