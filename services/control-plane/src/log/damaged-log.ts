/** What follows from damage to the log, whoever finds it. */
import type { Logger } from '@flagstream/runtime';
import type { ChangeLog } from './change-log.ts';

/** A damaged log takes no more writes, and its beacons and snapshots end; reads go on. */
export function stopDamaged(log: ChangeLog, logger: Logger, detail: string): void {
  log.refuseWrites(`the log is damaged: ${detail}`, 'LOG_CORRUPT');
  logger.fatal({ alarm: 'LOG_CORRUPT', detail }, 'the log is damaged: writes are refused, reads go on');
}
