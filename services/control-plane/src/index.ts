/** The control plane: stores flags and publishes changes. */
export { type ControlPlaneConfig, controlPlaneConfigSchema } from './config.ts';
export type { Backup } from './log/backup.ts';
export type { Restored } from './log/restore.ts';
export type { LogFigures } from './log/verify-log.ts';
export { backUpLog, restoreLog, verifyLogFile } from './maintenance/offline-maintenance.ts';
export type { FlagMirror, MirroredFlag } from './mirror/flag-mirror.ts';
export { type MirroredLog, startMirroredLog } from './mirror/start-mirrored-log.ts';
export { type ControlPlaneDeps, type RunningControlPlane, startControlPlane } from './start.ts';
