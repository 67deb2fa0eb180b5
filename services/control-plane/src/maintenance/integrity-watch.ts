/**
 * Checks the whole log in the background, again and again. A damaged log takes
 * no more writes and its beacons fall silent; reads go on.
 */
import type { Logger } from '@flagstream/runtime';
import type { ChangeLog } from '../log/change-log.ts';
import { stopDamaged } from '../log/damaged-log.ts';
import type { IntegritySettings } from './maintenance-settings.ts';
import type { TaskOutcome } from './maintenance-task.ts';
import type { TaskRunner } from './maintenance-thread.ts';

export type IntegrityVerdict =
  | { readonly kind: 'off' }
  /** Not checked yet. */
  | { readonly kind: 'pending' }
  | { readonly kind: 'sound'; readonly checkedMs: number; readonly revision: number }
  | { readonly kind: 'corrupt'; readonly checkedMs: number; readonly detail: string }
  /** The check could not be carried out. */
  | { readonly kind: 'unknown'; readonly checkedMs: number; readonly detail: string };

export interface IntegrityWatchOptions {
  readonly log: ChangeLog;
  readonly databasePath: string;
  readonly settings: IntegritySettings;
  readonly tasks: TaskRunner;
  readonly logger: Logger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const MINUTE_MS = 60_000;

export class IntegrityWatch {
  readonly #options: IntegrityWatchOptions;
  #verdict: IntegrityVerdict;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: IntegrityWatchOptions) {
    this.#options = options;
    const { everyMinutes, firstAfterMs } = options.settings;
    this.#verdict = { kind: everyMinutes === 0 ? 'off' : 'pending' };
    this.#schedule(firstAfterMs);
  }

  get verdict(): IntegrityVerdict {
    return this.#verdict;
  }

  /** Checks now, also where checks are switched off. */
  async check(): Promise<void> {
    const { tasks, databasePath } = this.#options;
    const outcome = await tasks.run({ kind: 'verify', path: databasePath });
    if (this.#closed || this.#verdict.kind === 'corrupt') return;
    this.#conclude(outcome);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(afterMs: number): void {
    const { everyMinutes } = this.#options.settings;
    if (everyMinutes === 0) return;
    this.#timer = setTimeout(() => {
      void this.check().then(() => {
        if (!this.#closed && this.#verdict.kind !== 'corrupt') this.#schedule(everyMinutes * MINUTE_MS);
      });
    }, afterMs);
    this.#timer.unref();
  }

  #conclude(outcome: TaskOutcome): void {
    const { log, logger, now } = this.#options;
    const checkedMs = now();
    if (outcome.kind === 'stopped') return;
    if (outcome.kind === 'done') {
      this.#verdict = { kind: 'sound', checkedMs, revision: outcome.figures.revision };
      const { revision, entities, bytes } = outcome.figures;
      logger.info({ revision, entities, bytes }, 'the log is sound');
      return;
    }
    const { reason, detail } = outcome;
    if (reason !== 'LOG_CORRUPT') {
      this.#verdict = { kind: 'unknown', checkedMs, detail };
      logger.error({ detail }, 'the log could not be checked');
      return;
    }
    this.#verdict = { kind: 'corrupt', checkedMs, detail };
    stopDamaged(log, logger, detail);
  }
}
