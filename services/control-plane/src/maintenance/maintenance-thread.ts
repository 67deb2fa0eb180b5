/**
 * Runs maintenance tasks in a thread of their own, one after the other, so
 * that no call waits for them and no two of them share the disk.
 */
import { Worker } from 'node:worker_threads';
import type { MaintenanceTask, TaskOutcome } from './maintenance-task.ts';

export interface RunningTask {
  /** Never rejects. */
  readonly outcome: Promise<TaskOutcome>;
  /** Ends it, finished or not; nothing of an unfinished backup gets its name. */
  stop(): Promise<void>;
}

/** Runs tasks of the control plane; see MaintenanceThread. */
export interface TaskRunner {
  run(task: MaintenanceTask): Promise<TaskOutcome>;
}

/**
 * Beside this module, in the compiled packages as in the bundle (scripts/pack.mjs
 * gives it a place among the chunks).
 */
const ENTRY = new URL('./maintenance-worker.js', import.meta.url);
/** Heap of the thread: a page of records, each up to half a megabyte, decoded. */
const HEAP_MB_MAX = 256;
const STOPPED: TaskOutcome = { kind: 'stopped' };

export class MaintenanceThread implements TaskRunner {
  #last: Promise<unknown> = Promise.resolve();
  #running: RunningTask | undefined;
  #closed = false;

  /** Waits for the tasks before it. Never rejects. */
  run(task: MaintenanceTask): Promise<TaskOutcome> {
    const outcome = this.#last.then(() => this.#start(task));
    this.#last = outcome;
    return outcome;
  }

  /** Ends what is running and answers `stopped` for it and for all that wait. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.stop();
    await this.#last;
  }

  async #start(task: MaintenanceTask): Promise<TaskOutcome> {
    if (this.#closed) return STOPPED;
    this.#running = startThread(task);
    const outcome = await this.#running.outcome;
    this.#running = undefined;
    return this.#closed && outcome.kind === 'failed' ? STOPPED : outcome;
  }
}

function startThread(task: MaintenanceTask): RunningTask {
  const worker = new Worker(ENTRY, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  worker.unref();
  const outcome = new Promise<TaskOutcome>((resolve) => {
    const failed = (detail: string): void => resolve({ kind: 'failed', reason: undefined, detail });
    worker.once('message', (message: TaskOutcome) => resolve(message));
    worker.once('error', (error) => failed(error.message));
    worker.once('exit', () => failed('the maintenance thread ended early'));
  });
  return {
    outcome,
    stop: async () => {
      await worker.terminate();
    },
  };
}
