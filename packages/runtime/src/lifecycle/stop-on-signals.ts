/**
 * SIGINT and SIGTERM: the first one stops gracefully, a second one at once.
 */
import type { Logger } from '../log/logger.ts';

type Signal = 'SIGINT' | 'SIGTERM';

/** What a shell sees of a process that a signal ended: 128 + its number. */
const FORCED_EXIT_CODE: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The part of `process` that is used. */
export interface SignalTarget {
  on(signal: Signal, listener: () => void): unknown;
  off(signal: Signal, listener: () => void): unknown;
  exit(code: number): void;
}

export interface StopOnSignalsOptions {
  readonly logger: Logger;
  /** Stops everything; false when that was not clean. */
  readonly stop: () => Promise<boolean>;
  /** Defaults to this process. */
  readonly target?: SignalTarget;
}

/**
 * Exits with 0 after a clean stop, 1 after one that was not, and 130 or 143 at
 * the second signal. Returns how to stop listening.
 */
export function stopOnSignals(options: StopOnSignalsOptions): () => void {
  const { logger, stop, target = process } = options;
  let asked = false;
  const handle = (signal: Signal): void => {
    if (asked) {
      logger.warn({ signal }, 'second signal: stopping at once');
      target.exit(FORCED_EXIT_CODE[signal]);
      return;
    }
    asked = true;
    logger.info({ signal }, 'stopping; send the signal again to stop at once');
    stop().then(
      (clean) => {
        // What kept it from that was said when it came up.
        if (clean) logger.info('stopped');
        target.exit(clean ? 0 : 1);
      },
      (err: unknown) => {
        logger.error({ err }, 'stopping failed');
        target.exit(1);
      },
    );
  };
  const onInterrupt = (): void => handle('SIGINT');
  const onTerminate = (): void => handle('SIGTERM');
  target.on('SIGINT', onInterrupt);
  target.on('SIGTERM', onTerminate);
  return () => {
    target.off('SIGINT', onInterrupt);
    target.off('SIGTERM', onTerminate);
  };
}
