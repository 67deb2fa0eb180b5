/**
 * Entry of the maintenance thread: one task, with connections of its own, at
 * no more than half of a core; then the thread ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type MaintenanceTask, runMaintenanceTask } from './maintenance-task.ts';

const outcome = await runMaintenanceTask(
  workerData as MaintenanceTask,
  () => performance.now(),
  (workedMs) => sleep(workedMs),
);
parentPort?.postMessage(outcome);
