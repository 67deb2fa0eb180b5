/** Runs a maintenance task in a thread of its own, so that no call waits for it. */
import { Worker } from 'node:worker_threads';
import type { MaintenanceTask, TaskOutcome } from './maintenance-task.ts';

export interface RunningTask {
  /** Never rejects. */
  readonly outcome: Promise<TaskOutcome>;
  /** Ends the thread, finished or not; nothing of an unfinished backup gets its name. */
  stop(): Promise<void>;
}

/**
 * Beside this module, in the compiled packages as in the bundle (scripts/pack.mjs
 * gives it a place among the chunks).
 */
const ENTRY = new URL('./maintenance-worker.js', import.meta.url);
/** Heap of the thread: a page of records, or the entities of one page. */
const HEAP_MB_MAX = 256;

export function startMaintenanceTask(task: MaintenanceTask): RunningTask {
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
