// One process of a fault test, on fixed ports: started, killed, paused, asked how it is. `serving` says whether
// answers are to be expected of it; whoever takes the process away on purpose unsets it before.

import process from 'node:process';
import type { Place } from '../history/history.ts';
import { entryPoint } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import { type Exit, TestProcess } from '../support/process.ts';
import { until } from '../support/until.ts';

export interface StartOptions {
  /** Added to the environment, for example FLAGSTREAM_CRASH_AT. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the arguments. */
  readonly settings?: readonly string[];
  /** Does not wait for readiness: the process is expected to end, or to be unready. */
  readonly unready?: boolean;
  /** No file may grow beyond this (ulimit -f): a full disk, for this process alone. */
  readonly fileKibMax?: number;
}

/** Alarms of an evaluator whose log is not what it took it for. `frozen` and `snapshot-failed` are none of these. */
const DIVERGENCE_ALARMS: ReadonlySet<unknown> = new Set(['diverged', 'forked', 'broken', 'undecodable']);

export class FaultNode {
  readonly name: string;
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly #settings: readonly string[];
  #process: TestProcess | undefined;
  #serving = false;
  /** Of the processes before the present one. */
  #earlierAlarms = 0;

  private constructor(name: string, ports: readonly [number, number], settings: readonly string[]) {
    this.name = name;
    [this.grpcPort, this.managementPort] = ports;
    this.#settings = [
      ...settings,
      `--grpc-port=${this.grpcPort}`,
      `--management-port=${this.managementPort}`,
      '--log-level=info',
    ];
  }

  static async create(name: string, settings: readonly string[]): Promise<FaultNode> {
    return new FaultNode(name, [await freePort(), await freePort()], settings);
  }

  get serving(): boolean {
    return this.#serving;
  }

  /** Of the process started last. */
  get process(): TestProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** Of all its processes so far; read from what they logged, so that those that were killed count as well. */
  get divergenceAlarms(): number {
    const alarms = this.#process?.lines.filter(({ json }) => DIVERGENCE_ALARMS.has(json?.['alarm'])) ?? [];
    return this.#earlierAlarms + alarms.length;
  }

  async start(options: StartOptions = {}): Promise<void> {
    const { env = {}, settings = [], unready = false, fileKibMax } = options;
    const command = [process.execPath, ...entryPoint(), 'serve', ...this.#settings, ...settings];
    const limit = fileKibMax === undefined ? '' : `ulimit -f ${fileKibMax}; `;
    this.#earlierAlarms = this.divergenceAlarms;
    this.#process = new TestProcess(this.name, 'bash', ['-c', `${limit}exec "$0" "$@"`, ...command], { env });
    if (unready) return;
    await this.#process.waitForReady(this.managementPort);
    this.#serving = true;
  }

  /** Waits until the process has ended by itself, as at a crash point. */
  async ended(what: string, timeoutMs = 30_000): Promise<Exit> {
    const ended = await until(() => (this.process.running ? undefined : this.process.exited), {
      what: `${this.name} to end: ${what}`,
      timeoutMs,
    });
    this.#serving = false;
    return ended;
  }

  /** `kill -9`. */
  async crash(): Promise<void> {
    this.#serving = false;
    await this.process.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#serving = false;
    await this.process.stop();
  }

  /** SIGTERM, without waiting for the end. */
  askToStop(): void {
    this.#serving = false;
    this.#signal('SIGTERM');
  }

  /** SIGSTOP: the process is there, its connections are open, and it does nothing. */
  pause(): void {
    this.#serving = false;
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
    this.#serving = true;
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.managementPort}/metrics`)).text();
  }

  /** A sample by name and labels; 0 when there is none (a counter that never counted). */
  async metric(sample: string): Promise<number> {
    return sampleOf(await this.metrics(), sample);
  }

  /** What an evaluator answers from. */
  async applied(): Promise<Place> {
    const metrics = await this.metrics();
    return {
      epoch: sampleOf(metrics, 'flagstream_applied_epoch'),
      revision: sampleOf(metrics, 'flagstream_applied_revision'),
    };
  }

  async readiness(): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.managementPort}/readyz`);
    return { status: response.status, text: await response.text() };
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid, running } = this.process;
    if (pid === undefined || !running) throw new Error(`${this.name} is not running`);
    process.kill(pid, signal);
  }
}

function sampleOf(metrics: string, sample: string): number {
  const line = metrics.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return line === undefined ? 0 : Number(line.slice(sample.length + 1));
}
