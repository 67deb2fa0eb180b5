// One change to many clients, over and over: when each received it and confirmed it, and what the evaluators paid.

import { percentile } from '../bench/statistics.ts';
import type { LoadFleet } from './load-fleet.ts';
import { machineMs } from './machine-clock.ts';

/** What is changed, and who pays. */
export interface PushedSite {
  change(): Promise<{ readonly revision: number; readonly committedMs: number }>;
  /** CPU time that the evaluators have taken so far, in milliseconds; undefined where the kernel does not tell. */
  cpuMs(): number | undefined;
}

export interface PushRound {
  /** Milliseconds from the commit, of each client. */
  readonly receivedMs: readonly number[];
  readonly confirmedMs: readonly number[];
  /** Less what the evaluators take when nothing changes. */
  readonly cpuMs: number;
  /** Of messages, of each client. */
  readonly bytesPerClient: number;
}

export interface HeldRound {
  /** Of the push alone: no client looked at anything before all had the bytes. */
  readonly pushCpuMs: number;
  readonly receivedMs: readonly number[];
  /** Of the acknowledgements alone. */
  readonly acknowledgeCpuMs: number;
}

const ROUND_MAX_MS = 120_000;
const IDLE_MS = 1_000;

export class PushRounds {
  readonly #site: PushedSite;
  readonly #fleet: LoadFleet;
  readonly #clients: number;
  /** CPU milliseconds per millisecond. */
  #idleCpu = 0;

  constructor(site: PushedSite, fleet: LoadFleet, clients: number) {
    this.#site = site;
    this.#fleet = fleet;
    this.#clients = clients;
  }

  /** Looks at what idleness costs: heartbeats, reports. */
  async rest(): Promise<void> {
    const [cpuMs, startedMs] = [this.#cpuMs(), machineMs()];
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    this.#idleCpu = (this.#cpuMs() - cpuMs) / (machineMs() - startedMs);
  }

  /** Clients acknowledge as they do. */
  async round(): Promise<PushRound> {
    const before = await this.#fleet.counts(0);
    const spent = this.#meter();
    const { revision, committedMs } = await this.#site.change();
    const after = await this.#fleet.untilCounted(revision, ({ confirmed }) => confirmed === this.#clients, {
      what: `${this.#clients} clients to confirm revision ${revision}`,
      timeoutMs: ROUND_MAX_MS,
    });
    const cpuMs = spent();
    const { receivedMs, confirmedMs } = await this.#fleet.deliveries(revision);
    return {
      receivedMs: receivedMs.map((ms) => ms - committedMs),
      confirmedMs: confirmedMs.map((ms) => ms - committedMs),
      cpuMs,
      bytesPerClient: (after.receivedBytes - before.receivedBytes) / this.#clients,
    };
  }

  /** Clients look at what they received once all of them have. */
  async heldRound(): Promise<HeldRound> {
    await this.#fleet.freeze(this.#clients);
    const pushed = this.#meter();
    const { revision, committedMs } = await this.#site.change();
    await this.#fleet.untilCounted(revision, ({ holding }) => holding === this.#clients, {
      what: `the bytes of revision ${revision} at ${this.#clients} clients`,
      timeoutMs: ROUND_MAX_MS,
    });
    const pushCpuMs = pushed();
    const acknowledged = this.#meter();
    await this.#fleet.thaw();
    await this.#fleet.untilCounted(revision, ({ confirmed }) => confirmed === this.#clients, {
      what: `${this.#clients} thawed clients to confirm revision ${revision}`,
      timeoutMs: ROUND_MAX_MS,
    });
    const acknowledgeCpuMs = acknowledged();
    const { receivedMs } = await this.#fleet.deliveries(revision);
    return { pushCpuMs, acknowledgeCpuMs, receivedMs: receivedMs.map((ms) => ms - committedMs) };
  }

  /** What is spent from here on. */
  #meter(): () => number {
    const [cpuMs, startedMs] = [this.#cpuMs(), machineMs()];
    return () => this.#cpuMs() - cpuMs - this.#idleCpu * (machineMs() - startedMs);
  }

  #cpuMs(): number {
    return this.#site.cpuMs() ?? Number.NaN;
  }
}

/** Of a number of rounds, the median of each round's figure. */
export function medianOf<Round>(rounds: readonly Round[], of: (round: Round) => number): number {
  return percentile(rounds.map(of), 0.5);
}
