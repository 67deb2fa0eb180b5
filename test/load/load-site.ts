// A whole installation of real processes under load: its changes, who has them as the control plane says, and what its
// evaluators' processes take.

import { readFileSync } from 'node:fs';
import {
  FleetServiceClient,
  GetRolloutRequest,
  type Rollout,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { credentials } from '@grpc/grpc-js';
import { cpuNs, cpuTimeMissing } from '../bench/unary/cpu-time.ts';
import type { Admin } from '../support/admin.ts';
import { type Finished, runFlagstream } from '../support/flagstream.ts';
import { callUnary } from '../support/grpc-call.ts';
import { Installation, type RunningNode } from '../support/installation.ts';
import { hold } from '../support/resources.ts';
import { scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';
import { machineMsAt } from './machine-clock.ts';

/** The flag that is changed, and its value after the last change. */
export const MEASURED_FLAG = 'measured';
/** Members of a list in its rule, so that a change of it is about 1 KB. */
const BULK = Array.from({ length: 80 }, (_, index) => `segment-${index}`);
const BULKY_CONFIG = {
  rules: [
    {
      id: 'listed',
      condition: { compare: { attribute: 'segment', operator: 'equals', values: BULK } },
      serve: { variant: 'on' },
    },
  ],
};
/** Writes on their way at once while flags are made. */
const IN_FLIGHT = 32;

export interface Change {
  readonly epoch: number;
  readonly revision: number;
  readonly enabled: boolean;
  /** On the disk, by the machine's clock. */
  readonly committedMs: number;
}

export class LoadSite {
  readonly installation: Installation;
  readonly fleet: FleetServiceClient;
  #enabled = true;

  private constructor(installation: Installation) {
    this.installation = installation;
    this.fleet = new FleetServiceClient(
      `127.0.0.1:${installation.controlPlane.grpcPort}`,
      credentials.createInsecure(),
    );
    hold({ what: 'fleet client', release: () => this.fleet.close(), releaseNow: () => undefined });
  }

  /** @param settings of the evaluators, as words of the command line */
  static async start(options: {
    readonly evaluators: number;
    readonly flags?: number;
    readonly settings?: readonly string[];
  }): Promise<LoadSite> {
    const installation = await Installation.start(options);
    const site = new LoadSite(installation);
    await createFlags(site.admin, options.flags ?? 10);
    return site;
  }

  get admin(): Admin {
    return this.installation.admin;
  }

  evaluator(index = 0): RunningNode {
    return this.installation.evaluators[index]!;
  }

  get endpoints(): readonly string[] {
    return this.installation.evaluators.map(({ grpcPort }) => `127.0.0.1:${grpcPort}`);
  }

  /** The newest revision, of a change that every evaluator has applied. */
  async settled(): Promise<number> {
    const { revision } = await this.change();
    for (const { managementPort } of this.installation.evaluators)
      await until(async () => (await scrape(managementPort, 'flagstream_applied_revision')) >= revision, {
        what: `the evaluators at revision ${revision}`,
      });
    return revision;
  }

  /** Switches the measured flag. */
  async switch(): Promise<Omit<Change, 'committedMs'>> {
    const enabled = !this.#enabled;
    const { epoch, revision } = await this.admin.setEnabled(MEASURED_FLAG, enabled);
    this.#enabled = enabled;
    return { epoch, revision, enabled };
  }

  /** The same, and asks when it was committed. */
  async change(): Promise<Change> {
    const switched = await this.switch();
    const { managementPort } = this.installation.controlPlane;
    const seconds = await scrape(managementPort, 'flagstream_last_commit_timestamp_seconds');
    return { ...switched, committedMs: machineMsAt(seconds * 1_000) };
  }

  get values(): Readonly<Record<string, boolean>> {
    return { [MEASURED_FLAG]: this.#enabled };
  }

  async rollout(revision: number): Promise<Rollout> {
    const request = GetRolloutRequest.fromPartial({ revision: { revision: BigInt(revision) } });
    return (await callUnary(this.fleet, this.fleet.getRollout, request)).rollout!;
  }

  /** Until the control plane says this of a revision. */
  async untilRollout(
    revision: number,
    says: (rollout: Rollout) => boolean,
    { what, timeoutMs = 30_000 }: { readonly what: string; readonly timeoutMs?: number },
  ): Promise<Rollout> {
    let last: Rollout | undefined;
    try {
      return await until(
        async () => {
          last = await this.rollout(revision);
          return says(last) ? last : undefined;
        },
        { what, timeoutMs, intervalMs: 100 },
      );
    } catch (error) {
      const said = last === undefined ? 'nothing' : JSON.stringify({ ...last, revision: undefined });
      throw new Error(`${(error as Error).message}; the rollout says ${said}`, { cause: error });
    }
  }

  /** `flagstream wait` for a change, as people call it. */
  wait({ epoch, revision }: Change, timeoutSeconds: number): Promise<Finished> {
    return runFlagstream(['wait', `--rev=e${epoch}.${revision}`, `--timeout=${timeoutSeconds}`], {
      env: { FLAGSTREAM_SERVER: `127.0.0.1:${this.installation.controlPlane.grpcPort}` },
    });
  }

  /** CPU time that the evaluators have taken so far, all threads; undefined where the kernel does not tell. */
  cpuMs(): number | undefined {
    if (cpuTimeMissing() !== undefined) return undefined;
    const pids = this.installation.evaluators.map(({ process }) => process.pid!);
    return pids.reduce((sum, pid) => sum + cpuNs(pid) / 1e6, 0);
  }

  /** What an evaluator's process holds at this moment, garbage and all. */
  rssBytes(index = 0): number {
    return rssBytes(this.evaluator(index).process.pid!);
  }
}

/** What a process holds at this moment, garbage and all. */
export function rssBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`the kernel does not tell the memory of process ${pid}`);
  return Number(kibibytes) * 1_024;
}

/** The measured one, on, and others like it. Answers the newest revision. */
export async function createFlags(admin: Admin, flags: number): Promise<number> {
  let [next, newest] = [0, 0];
  const worker = async (): Promise<void> => {
    while (next < flags) {
      const index = next++;
      const key = index === 0 ? MEASURED_FLAG : `flag-${index}`;
      const { revision } = await admin.createBoolean(key, true, index === 0 ? BULKY_CONFIG : {});
      newest = Math.max(newest, revision);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return newest;
}
