// Clients that stay and clients that come and go, while flags change all the time: what control plane, evaluator and
// SDKs keep must not grow with time, and nobody who stays may notice the others.

import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type EnvironmentClients,
  FleetServiceClient,
  ListClientsRequest,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { credentials } from '@grpc/grpc-js';
import { cpuNs } from '../bench/unary/cpu-time.ts';
import { machineMs } from '../load/machine-clock.ts';
import { Admin } from '../support/admin.ts';
import { callUnary } from '../support/grpc-call.ts';
import type { KeptMemory } from '../support/kept-memory.ts';
import { startNatsServer } from '../support/nats-server.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { ClientCrowd, type CrowdReport, type CrowdSize } from './client-crowd.ts';
import { fillLog } from './fill-log.ts';
import { HostedNode } from './hosted-node.ts';
import { openFiles } from './open-files.ts';

export type Side = 'controlPlane' | 'evaluator' | 'sdk';

export interface SideSample extends KeptMemory {
  readonly openFiles: number;
}

/** At rest: those that stay have the newest revision, and no visitor is there. */
export interface ClientsSample extends Readonly<Record<Side, SideSample>> {
  /** Since the first sample. */
  readonly atMs: number;
  readonly changes: number;
  readonly visits: number;
}

export interface ManyClientsOptions {
  readonly stay: CrowdSize;
  /** Come at the beginning of each cycle and go in its middle. */
  readonly visit: CrowdSize;
  readonly flags: number;
  /** In the log before the first client comes. */
  readonly revisionsBefore: number;
  readonly cycles: number;
  readonly changesPerCycle: number;
  readonly changeEveryMs: number;
  /** Cycles from one disturbance to the next; each kind has its turn. */
  readonly disturbEvery: number;
  /** Changes that nobody waits for, from a disturbance on. */
  readonly disturbedChanges: number;
  readonly progress: (sample: ClientsSample) => void;
}

export interface ManyClients {
  /** The first one before any visitor, then one at the end of each cycle. */
  readonly samples: readonly ClientsSample[];
  readonly crowd: CrowdReport;
  readonly stay: number;
  /** What the control plane says when all have gone that do not stay. */
  readonly listed: EnvironmentClients;
  /** Answers of SDK clients that were not those of the flags, over all samples. */
  readonly wrongValues: number;
  /** Share of one core. */
  readonly cpu: Readonly<Record<Side | 'load', number>>;
}

const PREFIX = 'soak';
const SETTLE_MAX_MS = 60_000;
const WORKER_MAX_MS = 5_000;
const ENVIRONMENT = 'projects/default/environments/development';
const DISTURBANCES = ['pause-clients', 'cut-sdks', 'pause-evaluator'] as const;

export async function runManyClients(options: ManyClientsOptions): Promise<ManyClients> {
  const soak = await ClientsSoak.start(options);
  const { crowd } = soak;
  const samples = [await soak.sample()];
  const cpuBefore = soak.cpuMs();
  const startedMs = machineMs();
  for (let cycle = 0; cycle < options.cycles; cycle++) {
    await soak.cycle(cycle);
    samples.push(await soak.sample());
    options.progress(samples.at(-1)!);
  }
  const tookMs = machineMs() - startedMs;
  const cpuAfter = soak.cpuMs();
  const share = (side: keyof typeof cpuAfter): number => (cpuAfter[side] - cpuBefore[side]) / tookMs;
  const result = {
    samples,
    crowd: await crowd.report(),
    stay: crowd.stays,
    listed: await soak.listed(),
    wrongValues: soak.wrongValues,
    cpu: {
      controlPlane: share('controlPlane'),
      evaluator: share('evaluator'),
      sdk: share('sdk'),
      load: share('load'),
    },
  };
  await soak.stop();
  return result;
}

class ClientsSoak {
  readonly crowd: ClientCrowd;
  wrongValues = 0;
  readonly #options: ManyClientsOptions;
  readonly #controlPlane: HostedNode;
  readonly #evaluator: HostedNode;
  readonly #admin: Admin;
  readonly #fleet: FleetServiceClient;
  readonly #values: Record<string, boolean>;
  readonly #startedMs: number = machineMs();
  #dueMs: number = machineMs();
  /** By process, in the first sample. */
  readonly #filesAtFirst = new Map<number, number>();
  #revision: number;
  #changes = 0;
  #visits = 0;

  private constructor(
    options: ManyClientsOptions,
    nodes: { readonly controlPlane: HostedNode; readonly evaluator: HostedNode; readonly admin: Admin },
    crowd: ClientCrowd,
    revision: number,
  ) {
    this.#options = options;
    this.#controlPlane = nodes.controlPlane;
    this.#evaluator = nodes.evaluator;
    this.crowd = crowd;
    this.#admin = nodes.admin;
    this.#revision = revision;
    this.#values = Object.fromEntries(keysOf(options.flags).map((key) => [key, true]));
    const address = `127.0.0.1:${this.#controlPlane.grpcPort}`;
    this.#fleet = new FleetServiceClient(address, credentials.createInsecure());
    hold({ what: 'fleet client', release: () => this.#fleet.close(), releaseNow: () => undefined });
  }

  static async start(options: ManyClientsOptions): Promise<ClientsSoak> {
    const nats = await startNatsServer();
    const data = tempDir('soak');
    await fillLog(data, { flags: options.flags, revisions: options.revisionsBefore });
    const settings = { grpcPort: 0, managementPort: 0, nats: { url: nats.url, prefix: PREFIX } };
    const controlPlane = await HostedNode.start('control-plane', { ...settings, data });
    await until(
      async () => (await scrape(controlPlane.managementPort, 'flagstream_unshipped_records')) === 0,
      { what: 'the log to be shipped', timeoutMs: SETTLE_MAX_MS },
    );
    const evaluator = await HostedNode.start('evaluator', {
      ...settings,
      controlPlane: { address: `127.0.0.1:${controlPlane.grpcPort}` },
      cache: { dir: tempDir('soak-cache') },
    });
    const admin = new Admin(controlPlane.grpcPort);
    // A revision that changes nothing is not pushed: each of those that are counted must change something.
    for (const key of keysOf(options.flags)) await admin.setEnabled(key, true);
    const { revision } = await controlPlane.measure();
    const crowd = await ClientCrowd.gather(`127.0.0.1:${evaluator.grpcPort}`, options.stay, revision);
    return new ClientsSoak(options, { controlPlane, evaluator, admin }, crowd, revision);
  }

  /** Visitors come, see half of the cycle's changes, and go. */
  async cycle(cycle: number): Promise<void> {
    const { changesPerCycle, disturbEvery, disturbedChanges, visit } = this.#options;
    const kind =
      cycle % disturbEvery === 0 ? DISTURBANCES[(cycle / disturbEvery) % DISTURBANCES.length] : undefined;
    const disturbedFrom = Math.floor(changesPerCycle / 4);
    const disturbedTo = disturbedFrom + disturbedChanges;
    await this.crowd.visit(visit);
    this.#visits += visit.thin + visit.sdk;
    for (let change = 0; change < changesPerCycle; change++) {
      if (kind !== undefined && change === disturbedFrom) await this.#disturb(kind);
      if (kind !== undefined && change === disturbedTo) this.#calm(kind);
      await this.#change();
      const isDisturbed = kind !== undefined && change >= disturbedFrom && change < disturbedTo;
      if (!isDisturbed) await this.crowd.untilCurrent(this.#revision);
      if (change === Math.floor(changesPerCycle / 2)) await this.crowd.leave();
    }
  }

  async sample(): Promise<ClientsSample> {
    await this.crowd.untilCurrent(this.#revision);
    // A connection closes some time after its stream has ended.
    for (const gauge of ['flagstream_stream_clients{kind="sync"}', 'flagstream_grpc_connections'])
      await until(async () => (await scrape(this.#evaluator.managementPort, gauge)) === this.crowd.stays, {
        what: `the evaluator to have ${this.crowd.stays} of ${gauge}`,
        timeoutMs: SETTLE_MAX_MS,
      });
    this.wrongValues += (await this.crowd.wrongValues(this.#values)).length;
    return {
      atMs: machineMs() - this.#startedMs,
      changes: this.#changes,
      visits: this.#visits,
      controlPlane: await this.#withOpenFiles(await this.#controlPlane.measure(), this.#controlPlane.pid),
      evaluator: await this.#withOpenFiles(await this.#evaluator.measure(), this.#evaluator.pid),
      sdk: await this.#withOpenFiles(await this.crowd.sdkMemory(), this.crowd.sdkPid),
    };
  }

  /** A worker thread, as checks the log, has a dozen files open while it lives: what stays open is counted. */
  async #withOpenFiles(kept: KeptMemory, pid: number): Promise<SideSample> {
    const atFirst = this.#filesAtFirst.get(pid) ?? openFiles(pid);
    this.#filesAtFirst.set(pid, atFirst);
    let count = atFirst;
    await until(
      () => {
        count = openFiles(pid);
        return count <= atFirst;
      },
      { what: `process ${pid} to have ${atFirst} files open`, timeoutMs: WORKER_MAX_MS },
    ).catch(() => undefined);
    return { ...kept, openFiles: count };
  }

  /** Once the nodes have reported exactly those that stay, or what was said last. */
  async listed(): Promise<EnvironmentClients> {
    let last: EnvironmentClients | undefined;
    await until(
      async () => {
        const request = ListClientsRequest.fromPartial({ parent: ENVIRONMENT });
        [last] = (await callUnary(this.#fleet, this.#fleet.listClients, request)).environments;
        return last?.clients === this.crowd.stays && last.current === this.crowd.stays;
      },
      { what: 'the control plane to list those that stay', timeoutMs: SETTLE_MAX_MS, intervalMs: 500 },
    ).catch((error: unknown) => {
      if (last === undefined) throw error;
    });
    return last!;
  }

  cpuMs(): Record<Side | 'load', number> {
    const ms = (pid: number): number => cpuNs(pid) / 1e6;
    return {
      controlPlane: ms(this.#controlPlane.pid),
      evaluator: ms(this.#evaluator.pid),
      sdk: ms(this.crowd.sdkPid),
      load: this.crowd.loadPids.reduce((sum, pid) => sum + ms(pid), ms(process.pid)),
    };
  }

  async stop(): Promise<void> {
    await this.crowd.close();
    await this.#evaluator.stop();
    await this.#controlPlane.stop();
  }

  /** At its time, or at once when that has passed. */
  async #change(): Promise<void> {
    const { changeEveryMs, flags } = this.#options;
    this.#dueMs = Math.max(this.#dueMs + changeEveryMs, machineMs() - changeEveryMs);
    await delay(Math.max(0, this.#dueMs - machineMs()));
    const turn = this.#changes++;
    const key = `flag-${turn % flags}`;
    const enabled = Math.floor(turn / flags) % 2 === 1;
    this.#revision = (await this.#admin.setEnabled(key, enabled)).revision;
    this.#values[key] = enabled;
  }

  async #disturb(kind: (typeof DISTURBANCES)[number]): Promise<void> {
    if (kind === 'pause-clients') this.crowd.pause();
    else if (kind === 'pause-evaluator') process.kill(this.#evaluator.pid, 'SIGSTOP');
    else await this.crowd.cut();
  }

  #calm(kind: (typeof DISTURBANCES)[number]): void {
    if (kind === 'pause-clients') this.crowd.resume();
    else if (kind === 'pause-evaluator') process.kill(this.#evaluator.pid, 'SIGCONT');
  }
}

/** As fillLog names them. */
function keysOf(flags: number): readonly string[] {
  return Array.from({ length: flags }, (_, index) => `flag-${index}`);
}
