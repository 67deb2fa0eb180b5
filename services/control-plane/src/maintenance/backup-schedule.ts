/**
 * Backups that the control plane makes by itself: one each period, counted
 * from the newest that is there, so that restarts neither skip nor add any.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail, isSystemError } from '@flagstream/protocol';
import type { Logger } from '@flagstream/runtime';
import { removeUnfinished } from '../log/backup.ts';
import type { BackupSettings } from './maintenance-settings.ts';
import type { TaskRunner } from './maintenance-thread.ts';

export interface BackupScheduleOptions {
  readonly databasePath: string;
  readonly settings: BackupSettings & { readonly dir: string };
  readonly tasks: TaskRunner;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told that a backup found the log damaged. */
  readonly onDamage: () => void;
}

export interface BackupState {
  /** Absolute. */
  readonly directory: string;
  readonly last: { readonly path: string; readonly madeMs: number } | undefined;
  /** Of this process. */
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

const MINUTE_MS = 60_000;
/** Before the first backup of a process: a start needs the disk for itself. */
const START_DELAY_MS = 5_000;
/** After a failure, for example of a full disk, at the latest. */
const RETRY_MS = 5 * MINUTE_MS;
/** flagstream-20260102T030405Z.db; sorted by name they are sorted by time. */
const NAME = /^flagstream-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.db$/;

export class BackupSchedule {
  readonly #options: BackupScheduleOptions;
  readonly #directory: string;
  #last: BackupState['last'];
  #failures = 0;
  #lastFailure: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
    this.#directory = resolve(options.settings.dir);
    const newest = this.#names().at(-1);
    if (newest !== undefined)
      this.#last = { path: join(this.#directory, newest), madeMs: timeOfName(newest) };
    const dueMs = (this.#last?.madeMs ?? 0) + options.settings.everyMinutes * MINUTE_MS;
    this.#schedule(Math.max(START_DELAY_MS, dueMs - options.now()));
  }

  state(): BackupState {
    return {
      directory: this.#directory,
      last: this.#last,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
    };
  }

  /** Makes one now. */
  async backUp(): Promise<void> {
    const { tasks, databasePath, logger, now, onDamage } = this.#options;
    const madeMs = now();
    const path = join(this.#directory, nameOfTime(madeMs));
    const outcome = await tasks.run({ kind: 'backup', path: databasePath, target: path });
    if (this.#closed || outcome.kind === 'stopped') return;
    if (outcome.kind === 'done') {
      this.#last = { path, madeMs };
      this.#lastFailure = undefined;
      this.#tidy();
      logger.info({ path, revision: outcome.figures.revision }, 'a backup was made');
      return;
    }
    this.#failures += 1;
    this.#lastFailure = outcome.detail;
    logger.error({ alarm: 'BACKUP_FAILED', detail: outcome.detail }, 'no backup was made');
    if (outcome.reason === 'LOG_CORRUPT') onDamage();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(afterMs: number): void {
    const periodMs = this.#options.settings.everyMinutes * MINUTE_MS;
    this.#timer = setTimeout(
      () => {
        void this.backUp().then(() => {
          if (this.#closed) return;
          this.#schedule(this.#lastFailure === undefined ? periodMs : Math.min(periodMs, RETRY_MS));
        });
      },
      Math.min(afterMs, periodMs),
    );
    this.#timer.unref();
  }

  /** Removes the oldest, and what a crash left unfinished. */
  #tidy(): void {
    try {
      const names = this.#names();
      removeUnfinished(this.#directory, NAME);
      for (const name of names.slice(0, Math.max(0, names.length - this.#options.settings.keep)))
        rmSync(join(this.#directory, name), { force: true });
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'old backups could not be removed');
    }
  }

  /**
   * Of this schedule's backups, oldest first. Those from the future come before all: a clock that was
   * ahead named them, and sorted by name they would outlive each new one.
   */
  #names(): readonly string[] {
    try {
      const nowMs = this.#options.now();
      const names = readdirSync(this.#directory)
        .filter((name) => NAME.test(name))
        .sort();
      const isEarly = (name: string): boolean => timeOfName(name) > nowMs;
      return [...names.filter(isEarly), ...names.filter((name) => !isEarly(name))];
    } catch (cause) {
      if (isSystemError(cause, 'ENOENT')) return [];
      throw fail('DATA_DIR_UNWRITABLE', `cannot read the folder of backups ${this.#directory}`, { cause });
    }
  }
}

function nameOfTime(unixMs: number): string {
  return `flagstream-${new Date(unixMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')}.db`;
}

function timeOfName(name: string): number {
  return Date.parse(name.replace(NAME, '$1-$2-$3T$4:$5:$6Z'));
}
