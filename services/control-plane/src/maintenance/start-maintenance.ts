/** Checks, backups and MaintenanceService of one control plane, started and stopped with it. */
import type { Lifecycle, Logger, Metrics, ServiceBinding } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import { BackupSchedule } from './backup-schedule.ts';
import { IntegrityWatch } from './integrity-watch.ts';
import { exportMaintenanceMetrics } from './maintenance-metrics.ts';
import { maintenanceService, type OperatedShipping } from './maintenance-service.ts';
import type { BackupSettings, IntegritySettings } from './maintenance-settings.ts';
import { MaintenanceThread } from './maintenance-thread.ts';

export interface MaintenanceOptions {
  readonly integrity: IntegritySettings;
  readonly backup: BackupSettings;
  readonly databasePath: string;
  readonly log: ChangeLog;
  /** Undefined without NATS. */
  readonly shipping: OperatedShipping | undefined;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Answers the service for the gRPC host. */
export async function startMaintenance(options: MaintenanceOptions): Promise<ServiceBinding> {
  const { log, databasePath, shipping, lifecycle, logger, metrics, now } = options;
  const tasks = await lifecycle.start(
    'maintenance thread',
    () => new MaintenanceThread(),
    (started) => started.close(),
  );
  const integrity = await lifecycle.start(
    'integrity checks',
    () => new IntegrityWatch({ log, databasePath, settings: options.integrity, tasks, logger, now }),
    (started) => started.close(),
  );
  const { dir } = options.backup;
  const backups =
    dir === undefined
      ? undefined
      : await lifecycle.start(
          'backups',
          () =>
            new BackupSchedule({
              databasePath,
              settings: { ...options.backup, dir },
              tasks,
              logger,
              now,
              onDamage: () => void integrity.check(),
            }),
          (started) => started.close(),
        );
  exportMaintenanceMetrics(metrics, log, integrity, backups);
  return maintenanceService({ log, shipping, integrity, backups });
}
