/**
 * Long work on a log's file, for a thread of its own: what to do, and what
 * came of it, as plain data.
 */
import { type ErrorReason, FlagstreamError, messageOf, recordCodec } from '@flagstream/protocol';
import { type Backup, createBackup, verifyFile } from '../log/backup.ts';
import type { LogFigures } from '../log/verify-log.ts';

export type MaintenanceTask =
  | { readonly kind: 'verify'; readonly path: string }
  | { readonly kind: 'backup'; readonly path: string; readonly target: string };

export type TaskFigures = LogFigures & Partial<Pick<Backup, 'path'>>;

export type TaskOutcome =
  | { readonly kind: 'done'; readonly figures: TaskFigures }
  /** `reason` is undefined for what is not of the catalogue. */
  | { readonly kind: 'failed'; readonly reason: ErrorReason | undefined; readonly detail: string }
  /** The control plane went away first. */
  | { readonly kind: 'stopped' };

/**
 * Runs a task to its end. Never throws.
 * @param rest called after each step with the milliseconds that it took
 */
export async function runMaintenanceTask(
  task: MaintenanceTask,
  nowMs: () => number,
  rest: (workedMs: number) => Promise<void>,
): Promise<TaskOutcome> {
  try {
    const steps = start(task);
    for (;;) {
      const startedMs = nowMs();
      const step = steps.next();
      if (step.done === true) return { kind: 'done', figures: step.value };
      await rest(nowMs() - startedMs);
    }
  } catch (error) {
    const reason = error instanceof FlagstreamError ? error.reason : undefined;
    return { kind: 'failed', reason, detail: messageOf(error) };
  }
}

function start(task: MaintenanceTask): Generator<void, TaskFigures> {
  switch (task.kind) {
    case 'verify':
      return verifyFile(task.path, recordCodec, 'stored');
    case 'backup':
      return createBackup(task.path, task.target, recordCodec);
  }
}
