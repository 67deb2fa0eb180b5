/** Runs maintenance tasks as the thread does, in the process of a test. */
import { type MaintenanceTask, runMaintenanceTask, type TaskOutcome } from './maintenance-task.ts';
import type { TaskRunner } from './maintenance-thread.ts';

export const tasksInProcess: TaskRunner = {
  run: (task: MaintenanceTask): Promise<TaskOutcome> =>
    runMaintenanceTask(
      task,
      () => 0,
      () => Promise.resolve(),
    ),
};
