// Clients of both kinds on one evaluator: thin ones in load processes and real SDK clients in one of their own, some that
// stay and some that come and go.

import { BenchChild } from '../bench/bench-child.ts';
import { LoadFleet } from '../load/load-fleet.ts';
import type { KeptMemory } from '../support/kept-memory.ts';
import { until } from '../support/until.ts';
import type { SdkCounts, SdkQuestion } from './sdk-host.ts';

export interface CrowdSize {
  readonly thin: number;
  readonly sdk: number;
}

/** What they saw so far. */
export interface CrowdReport {
  readonly regressions: number;
  /** Streams of those that stay that ended with no successor, and that nobody cut. */
  readonly losses: number;
  /** Transfers that thin clients which stay took in. */
  readonly transfers: number;
}

const FOLLOW_MAX_MS = 60_000;
const LOOK_MS = 50;
const COME_PER_SECOND = 200;

export class ClientCrowd {
  readonly #endpoint: string;
  readonly #staying: LoadFleet;
  readonly #visiting: LoadFleet;
  readonly #sdks: BenchChild;
  readonly #size: CrowdSize;
  #sdkVisitors = 0;
  #visits = 0;
  #visitorRegressions = 0;
  #cuts = 0;

  private constructor(endpoint: string, size: CrowdSize) {
    this.#endpoint = endpoint;
    this.#size = size;
    this.#staying = new LoadFleet('soak-stays', size.thin);
    this.#visiting = new LoadFleet('soak-visits', 1);
    this.#sdks = new BenchChild('sdk-host', [], ['--expose-gc'], import.meta.dirname);
  }

  /** Those that stay have come, and have this revision. */
  static async gather(endpoint: string, size: CrowdSize, revision: number): Promise<ClientCrowd> {
    const crowd = new ClientCrowd(endpoint, size);
    await crowd.#openThin(crowd.#staying, size.thin, 'stays');
    await crowd.#openSdks(size.sdk, 'sdk-stays', false);
    await crowd.untilCurrent(revision);
    return crowd;
  }

  get sdkPid(): number {
    return this.#sdks.pid;
  }

  /** Of all thin clients. */
  get loadPids(): readonly number[] {
    return [...this.#staying.pids, ...this.#visiting.pids];
  }

  get stays(): number {
    return this.#size.thin + this.#size.sdk;
  }

  /** Until all clients follow the evaluator and have the revision in force, visitors too. */
  async untilCurrent(revision: number): Promise<void> {
    await Promise.all([
      this.#staying.untilCurrent(revision, FOLLOW_MAX_MS),
      this.#visiting.untilCurrent(revision, FOLLOW_MAX_MS),
      until(async () => (await this.#sdkCounts(revision)).current === this.#size.sdk + this.#sdkVisitors, {
        what: `the SDK clients at revision ${revision}`,
        timeoutMs: FOLLOW_MAX_MS,
        intervalMs: LOOK_MS,
      }),
    ]);
  }

  async visit({ thin, sdk }: CrowdSize): Promise<void> {
    this.#visits += 1;
    await this.#openThin(this.#visiting, thin, `visits-${this.#visits}`);
    await this.#openSdks(sdk, `sdk-visits-${this.#visits}`, true);
    this.#sdkVisitors = sdk;
  }

  /** Every second visitor goes without a word. */
  async leave(): Promise<void> {
    this.#visitorRegressions += (await this.#visiting.counts(0)).regressions;
    await Promise.all([this.#visiting.leave(), this.#askSdks<void>({ ask: 'leave' })]);
    this.#sdkVisitors = 0;
  }

  /** From here on nothing may be asked of the crowd, until `resume`. */
  pause(): void {
    this.#staying.pause();
  }

  resume(): void {
    this.#staying.resume();
  }

  /** Streams of the SDK clients that stay break. */
  async cut(): Promise<void> {
    this.#cuts += await this.#askSdks<number>({ ask: 'cut' });
  }

  /** Keys that some SDK client evaluates otherwise than told. */
  wrongValues(values: Readonly<Record<string, boolean>>): Promise<readonly string[]> {
    return this.#askSdks({ ask: 'wrong-values', values });
  }

  /** Of the process of the SDK clients. */
  sdkMemory(): Promise<KeptMemory> {
    return this.#askSdks({ ask: 'memory' });
  }

  async report(): Promise<CrowdReport> {
    const [thin, sdk] = await Promise.all([this.#staying.counts(0), this.#sdkCounts(0)]);
    return {
      regressions: thin.regressions + sdk.regressions + this.#visitorRegressions,
      losses: thin.losses + sdk.losses - this.#cuts,
      transfers: thin.transfers,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#staying.close(), this.#visiting.close(), this.#sdks.close()]);
  }

  #openThin(fleet: LoadFleet, count: number, namePrefix: string): Promise<void> {
    return fleet.open({
      ...{ endpoints: [this.#endpoint], way: {}, startAtFirst: true, heartbeatMs: 0 },
      ...{ count, namePrefix, perSecond: COME_PER_SECOND, seeded: false },
    });
  }

  #openSdks(count: number, namePrefix: string, visit: boolean): Promise<void> {
    return this.#askSdks({ ask: 'open', endpoint: this.#endpoint, count, namePrefix, visit });
  }

  #sdkCounts(revision: number): Promise<SdkCounts> {
    return this.#askSdks({ ask: 'counts', revision });
  }

  #askSdks<Answer>(question: SdkQuestion): Promise<Answer> {
    return this.#sdks.ask<Answer>(question);
  }
}
