/** Settings of what the control plane does with its log's file by itself. */
import * as z from 'zod';

export interface IntegritySettings {
  readonly everyMinutes: number;
  readonly firstAfterMs: number;
}

export interface BackupSettings {
  readonly dir?: string | undefined;
  readonly everyMinutes: number;
  readonly keep: number;
}

const WEEK_MINUTES = 10_080;

export const integritySchema: z.ZodType<IntegritySettings> = z.strictObject({
  everyMinutes: z
    .int()
    .min(0)
    .max(WEEK_MINUTES)
    .default(1_440)
    .describe('Minutes between two checks of the whole log in the background; 0 switches them off.'),
  firstAfterMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(10_000)
    .describe('Milliseconds from the start to the first check: a start needs the disk for itself.'),
});

export const backupSchema: z.ZodType<BackupSettings> = z.strictObject({
  dir: z
    .string()
    .min(1)
    .optional()
    .describe('Folder for backups of the log, best on another disk; without it none are made.'),
  everyMinutes: z
    .int()
    .min(1)
    .max(WEEK_MINUTES)
    .default(60)
    .describe('Minutes between two backups: what is lost with the disk and with NATS.'),
  keep: z
    .int()
    .min(1)
    .max(10_000)
    .default(48)
    .describe('Backups that are kept; the oldest are deleted after each new one.'),
});
