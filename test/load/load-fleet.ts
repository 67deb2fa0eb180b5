// The parent's end of fleet-host.ts: clients of one kind, spread over some processes, and what is known of all of them.

import { execFileSync } from 'node:child_process';
import { setPriority } from 'node:os';
import process from 'node:process';
import { BenchChild } from '../bench/bench-child.ts';
import { until } from '../support/until.ts';
import type { Way } from './bare-stream.ts';
import type { ConnectFigures, ConnectLoadOptions } from './connect-load.ts';
import type {
  ClientWay,
  Connects,
  Deliveries,
  FleetQuestion,
  LoadCounts,
  OpenClients,
} from './fleet-questions.ts';
import type { UnaryFigures, UnaryLoadOptions } from './unary-load.ts';

/** Clients of one process: it may have 20,000 files open, and each client that moves has two connections. */
const CLIENTS_MAX = 9_000;
/** Certificates name 127.0.0.1, which Node does not like to be asked for. */
const NODE_FLAGS = ['--disable-warning=DEP0123', '--max-old-space-size=6144'];
const LOOK_MS = 50;
/** Processes whose clients find room behind one address. */
const ONE_ADDRESS_MAX = 2;

export interface LoadFleetOptions {
  /** Where what the processes do stands for other machines and must not slow this one. */
  readonly niceness?: number;
  /** Clients of one process at most: those of one process pause together, which those of different machines do not. */
  readonly perProcess?: number;
}

export class LoadFleet {
  readonly #hosts: readonly BenchChild[];
  #opened = 0;

  /** @param clients how many it is to hold at most: they take as many processes as they need */
  constructor(
    name: string,
    clients: number,
    { niceness = 0, perProcess = CLIENTS_MAX }: LoadFleetOptions = {},
  ) {
    this.#hosts = Array.from(
      { length: Math.max(1, Math.ceil(clients / perProcess)) },
      (_, index) => new BenchChild('fleet-host', [`${name}-${index}`], NODE_FLAGS, import.meta.dirname),
    );
    if (niceness > 0) for (const { pid } of this.#hosts) setPriority(pid, niceness);
  }

  get processes(): number {
    return this.#hosts.length;
  }

  get pids(): readonly number[] {
    return this.#hosts.map(({ pid }) => pid);
  }

  /**
   * From here on they have what others leave of the cores, and give way at once: other than by its niceness, a process
   * that runs is let run for some milliseconds before one that wakes up gets its core. False: this system has no such way.
   */
  takeWhatIsLeft(): boolean {
    try {
      for (const pid of this.pids)
        execFileSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(pid)], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  /** Clients begin to come, at this pace of all processes together. */
  async open(options: OpenClients): Promise<void> {
    await Promise.all(
      this.#hosts.map((host, index) =>
        ask<void>(host, {
          ask: 'open',
          ...options,
          count: this.#share(options.count, index),
          perSecond: options.perSecond / this.#hosts.length,
          namePrefix: `${options.namePrefix}-${index}`,
          way: this.#wayOf(index, options.way),
        }),
      ),
    );
    this.#opened += options.count;
  }

  /** Resolves when each process's real SDK client has a state. */
  async openWitnesses(endpoints: readonly string[], way: Way): Promise<void> {
    await this.#askAll<void>((index) => ({
      ask: 'open-witness',
      endpoints,
      way,
      instanceId: `witness-${process.pid}-${index}`,
    }));
  }

  async openWatchers(count: number, endpoint: string, way: Way): Promise<void> {
    await this.#askAll<void>((index) => ({
      ask: 'open-watchers',
      endpoint,
      count: this.#share(count, index),
      way,
    }));
  }

  async counts(revision: number): Promise<LoadCounts> {
    const all = await this.#askAll<LoadCounts>(() => ({ ask: 'counts', revision }));
    return all.reduce(sumOfCounts);
  }

  /** Until every client, and every real SDK client, follows a server and has the revision in force. */
  untilCurrent(revision: number, timeoutMs: number): Promise<LoadCounts> {
    return this.untilCounted(
      revision,
      ({ current, witnessCurrent }) => current === this.#opened && witnessCurrent,
      { what: `${this.#opened} clients to be at revision ${revision}`, timeoutMs },
    );
  }

  async untilCounted(
    revision: number,
    says: (counts: LoadCounts) => boolean,
    { what, timeoutMs }: { readonly what: string; readonly timeoutMs: number },
  ): Promise<LoadCounts> {
    let last: LoadCounts | undefined;
    try {
      return await until(
        async () => {
          last = await this.counts(revision);
          return says(last) ? last : undefined;
        },
        { what, timeoutMs, intervalMs: LOOK_MS },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`, { cause: error });
    }
  }

  async deliveries(revision: number): Promise<Deliveries> {
    const all = await this.#askAll<Deliveries>(() => ({ ask: 'deliveries', revision }));
    return {
      receivedMs: all.flatMap(({ receivedMs }) => receivedMs),
      confirmedMs: all.flatMap(({ confirmedMs }) => confirmedMs),
    };
  }

  async connects(): Promise<Connects> {
    const all = await this.#askAll<Connects>(() => ({ ask: 'connects' }));
    const failures: Record<string, number> = {};
    for (const host of all)
      for (const [reason, count] of Object.entries(host.failures))
        failures[reason] = (failures[reason] ?? 0) + count;
    return {
      attemptMs: all.flatMap(({ attemptMs }) => attemptMs),
      admittedMs: all.flatMap(({ admittedMs }) => admittedMs),
      retryAfterMs: all.flatMap(({ retryAfterMs }) => retryAfterMs),
      failures,
      drains: all.reduce((sum, { drains }) => sum + drains, 0),
    };
  }

  /** Flags that a real SDK client evaluates otherwise than told, of each process. */
  async wrongValues(revision: number, values: Readonly<Record<string, boolean>>): Promise<readonly string[]> {
    return (await this.#askAll<readonly string[]>(() => ({ ask: 'wrong-values', revision, values }))).flat();
  }

  /** Answers which. */
  async freeze(count: number): Promise<readonly string[]> {
    return (
      await this.#askAll<readonly string[]>((index) => ({ ask: 'freeze', count: this.#share(count, index) }))
    ).flat();
  }

  async thaw(): Promise<void> {
    await this.#askAll<void>(() => ({ ask: 'thaw' }));
  }

  /** Answers which. */
  async break(count: number): Promise<readonly string[]> {
    return (
      await this.#askAll<readonly string[]>((index) => ({ ask: 'break', count: this.#share(count, index) }))
    ).flat();
  }

  /** By the first process alone. */
  unaryLoad(options: UnaryLoadOptions): Promise<UnaryFigures> {
    return ask<UnaryFigures>(this.#hosts[0]!, { ask: 'unary-load', options });
  }

  /** By the first process alone. */
  connectLoad(options: ConnectLoadOptions, way: ClientWay): Promise<ConnectFigures> {
    return ask<ConnectFigures>(this.#hosts[0]!, { ask: 'connect-load', options, ...way });
  }

  /** From here on no socket of theirs is read, and nothing is asked of them, until `resume`. */
  pause(): void {
    for (const { pid } of this.#hosts) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const { pid } of this.#hosts) process.kill(pid, 'SIGCONT');
  }

  /** All go, every second one without a word; others may come. */
  async leave(): Promise<void> {
    await this.#askAll<void>(() => ({ ask: 'leave' }));
    this.#opened = 0;
  }

  async close(): Promise<void> {
    await this.#askAll<void>(() => ({ ask: 'close' }));
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  #share(count: number, index: number): number {
    return Math.floor((count + index) / this.#hosts.length);
  }

  /** Each address has some 28,000 ports for one server: many processes need more than one. */
  #wayOf(index: number, way: Way): Way {
    return this.#hosts.length > ONE_ADDRESS_MAX ? { ...way, localAddress: `127.0.0.${2 + index}` } : way;
  }

  #askAll<Answer>(question: (index: number) => FleetQuestion): Promise<Answer[]> {
    return Promise.all(this.#hosts.map((host, index) => ask<Answer>(host, question(index))));
  }
}

function sumOfCounts(a: LoadCounts, b: LoadCounts): LoadCounts {
  return {
    clients: a.clients + b.clients,
    current: a.current + b.current,
    confirmed: a.confirmed + b.confirmed,
    holding: a.holding + b.holding,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    transfers: a.transfers + b.transfers,
    regressions: a.regressions + b.regressions,
    losses: a.losses + b.losses,
    watchersCurrent: a.watchersCurrent + b.watchersCurrent,
    watchersEnded: a.watchersEnded + b.watchersEnded,
    witnessCurrent: a.witnessCurrent && b.witnessCurrent,
  };
}

function ask<Answer>(host: BenchChild, question: FleetQuestion): Promise<Answer> {
  return host.ask<Answer>(question);
}
