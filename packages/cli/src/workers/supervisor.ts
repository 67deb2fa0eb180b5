/**
 * Keeps a number of whole evaluators running behind one gRPC port (node:cluster):
 * starts them, replaces those that end or hang, stops them. It accepts connections and
 * hands each to a worker; nothing else passes through it, and nothing is
 * shared between workers.
 *
 * Connections go round in turn. They live for hours, so what counts is that
 * each worker gets as many; where all accept, one may get four times as many
 * as another.
 */
import cluster, { type Worker } from 'node:cluster';
import process from 'node:process';
import type { EvaluatorConfig } from '@flagstream/evaluator';
import { type FlagstreamError, messageOf } from '@flagstream/protocol';
import type { Logger, Metrics, Readiness } from '@flagstream/runtime';
import { endsAll } from './restart-policy.ts';
import { passOnLines } from './whole-lines.ts';
import { workerFlags } from './worker-flags.ts';
import { errorOf, type SupervisorMessage, type WorkerMessage } from './worker-messages.ts';
import { readinessOf, WORKER_STATES, WorkerRecord } from './worker-record.ts';

export interface SupervisorOptions {
  readonly settings: EvaluatorConfig;
  /** What workers' names in the fleet begin with. */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where the workers' log lines go. */
  readonly output: { write(line: string): void };
  readonly monotonicMs: () => number;
}

interface Slot {
  readonly record: WorkerRecord;
  worker?: Worker | undefined;
  restart?: NodeJS.Timeout;
}

const STOP: SupervisorMessage = { type: 'stop' };
const LIVES: SupervisorMessage = { type: 'lives?' };
/** Between two questions whether a worker lives. */
const ASK_MS = 1_000;

export class Supervisor {
  /** Resolves when a worker ended in a way that starting it again would not help. */
  readonly ended: Promise<FlagstreamError>;
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  #end: (error: FlagstreamError) => void = () => undefined;
  #stopping: { readonly allEnded: () => void } | undefined;
  #unclean: number[] = [];
  #asking: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { settings, name, metrics } = options;
    this.#slots = Array.from({ length: settings.workers }, (_, index) => ({
      record: new WorkerRecord(index, `${name}-${index}`),
    }));
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    metrics.gauge('workers', 'Evaluators behind the port, by state.', ['state'], (gauge) => {
      for (const state of WORKER_STATES)
        gauge.set({ state }, this.#records.filter((record) => record.state === state).length);
    });
    metrics.counted('worker_restarts_total', 'Evaluators started in the place of one that ended.', () =>
      this.#records.reduce((sum, { restarts }) => sum + restarts, 0),
    );
  }

  readonly readiness = (): Readiness => readinessOf(this.#records);

  start(): void {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    for (const slot of this.#slots) this.#fork(slot);
    this.#asking = setInterval(() => this.#ask(), ASK_MS);
    this.#asking.unref();
  }

  /** Lets each worker stop in its own way. @throws Error naming those that did not stop cleanly */
  async stop(): Promise<void> {
    for (const { restart } of this.#slots) clearTimeout(restart);
    await new Promise<void>((resolve) => {
      this.#stopping = { allEnded: resolve };
      for (const { worker } of this.#slots) if (worker !== undefined) tell(worker, STOP);
      this.#settleStop();
    });
    clearInterval(this.#asking);
    if (this.#unclean.length > 0)
      throw new Error(`not all workers stopped cleanly: ${this.#unclean.join(', ')}`);
  }

  /** At once. */
  kill(): void {
    for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
  }

  /** Passes SIGHUP on to those that read files again for it. False: all run, and none of them does. */
  hangUp(): boolean {
    const rereading = this.#slots.filter(({ record }) => record.rereadsOnHangup);
    for (const { worker } of rereading) worker?.process.kill('SIGHUP');
    // One that starts has just read them.
    return rereading.length > 0 || this.#records.some(({ isOpen }) => !isOpen);
  }

  get #records(): readonly WorkerRecord[] {
    return this.#slots.map(({ record }) => record);
  }

  #fork(slot: Slot): void {
    const { settings, logger, monotonicMs, output } = this.#options;
    const { record } = slot;
    const { index, nodeId } = record;
    cluster.setupPrimary({
      // Later flags replace earlier ones, variables and what the file says.
      args: [...process.argv.slice(2), ...workerFlags(settings, index, nodeId)],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const worker = cluster.fork();
    const { pid, stdout } = worker.process;
    slot.worker = worker;
    record.forked(pid, monotonicMs());
    logger.info({ worker: index, pid, restarts: record.restarts }, 'a worker was started');
    const tooLong = (): void =>
      logger.warn({ worker: index, pid }, 'a line of its log was too long, and is left out');
    // A process that could not be made has no output either; its error tells.
    if (stdout) passOnLines(stdout, (line) => output.write(line), tooLong);
    worker.on('message', (message: WorkerMessage) => this.#heard(slot, worker, message));
    worker.once('exit', (exitCode: number | null, signal: string | null) =>
      this.#ended(slot, worker, { exitCode, signal }),
    );
    worker.on('error', (error) => {
      // Of one that runs, or did, the exit tells: a connection could not be handed to it, for it is ending.
      if (pid === undefined) this.#ended(slot, worker, { detail: messageOf(error) });
    });
  }

  /** Whether each lives; one that has not said so for long is ended, so that another takes its place, also while all stop. */
  #ask(): void {
    for (const { record, worker } of this.#slots) {
      if (worker === undefined) continue;
      if (record.isHung) {
        const { index, pid } = record;
        this.#options.logger.error({ worker: index, pid }, 'a worker is ended: it answers nothing');
        // A stopped process hears no other signal.
        worker.process.kill('SIGKILL');
      } else {
        record.asked();
        tell(worker, LIVES);
      }
    }
  }

  #heard({ record }: Slot, worker: Worker, message: WorkerMessage): void {
    record.heard(message);
    if (message.type === 'started') {
      const { index, pid } = record;
      const { grpcPort, managementPort } = message;
      this.#options.logger.info(
        { worker: index, pid, port: grpcPort, management_port: managementPort },
        'a worker listens',
      );
    }
    // It may not have heard before.
    if (this.#stopping !== undefined) tell(worker, STOP);
  }

  #ended(
    slot: Slot,
    worker: Worker,
    how: { readonly exitCode?: number | null; readonly signal?: string | null; readonly detail?: string },
  ): void {
    if (slot.worker !== worker) return;
    const { logger, monotonicMs } = this.#options;
    const { record } = slot;
    const { index, pid, failure, isOpen, ranBefore } = record;
    slot.worker = undefined;
    const restartMs = record.ended(monotonicMs());
    const facts = {
      worker: index,
      pid,
      exit_code: how.exitCode,
      signal: how.signal,
      detail: how.detail ?? failure?.message,
    };
    if (this.#stopping !== undefined) {
      if (isOpen && how.exitCode !== 0) this.#unclean.push(index);
      logger.info(facts, 'a worker stopped');
      this.#settleStop();
      return;
    }
    const othersRun = this.#records.some((other) => other.isOpen);
    if (failure !== undefined && endsAll({ failure, ranBefore, othersRun })) {
      logger.fatal(facts, 'a worker cannot be started: all are stopped');
      this.#end(errorOf(failure));
      return;
    }
    const level = how.exitCode === 0 ? 'info' : 'error';
    logger[level]({ ...facts, restart_in_ms: restartMs }, 'a worker ended: another takes its place');
    slot.restart = setTimeout(() => this.#fork(slot), restartMs);
  }

  #settleStop(): void {
    if (this.#slots.every(({ worker }) => worker === undefined)) this.#stopping?.allEnded();
  }
}

function tell(worker: Worker, message: SupervisorMessage): void {
  // One that just ended cannot be told.
  if (worker.isConnected()) worker.send(message, () => undefined);
}
