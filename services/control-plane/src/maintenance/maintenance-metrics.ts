/** Metrics of checks and backups, read when somebody scrapes. */
import type { Metrics } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import type { BackupSchedule } from './backup-schedule.ts';
import type { IntegrityWatch } from './integrity-watch.ts';

export function exportMaintenanceMetrics(
  metrics: Metrics,
  log: ChangeLog,
  integrity: IntegrityWatch,
  backups: BackupSchedule | undefined,
): void {
  metrics.gauge('log_corrupt', '1 when the log was found damaged: writes are refused.', [], (gauge) => {
    gauge.set(log.refusal?.reason === 'LOG_CORRUPT' ? 1 : 0);
  });
  metrics.gauge(
    'integrity_check_timestamp_seconds',
    'Unix time of the last check of the whole log by this process; 0 before the first.',
    [],
    (gauge) => {
      const { verdict } = integrity;
      gauge.set('checkedMs' in verdict ? verdict.checkedMs / 1000 : 0);
    },
  );
  if (backups === undefined) return;
  metrics.gauge(
    'backup_last_success_timestamp_seconds',
    'Unix time of the newest backup in the folder; 0 without one.',
    [],
    (gauge) => {
      gauge.set((backups.state().last?.madeMs ?? 0) / 1000);
    },
  );
  metrics.counted('backup_failures_total', 'Backups that failed.', () => backups.state().failures);
}
