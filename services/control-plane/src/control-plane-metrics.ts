/** The control plane's own metrics, read when somebody scrapes. */
import type { Metrics } from '@flagstream/runtime';
import type { ChangeLog } from './log/change-log.ts';
import type { Shipper } from './publish/shipper.ts';

/** @param preciseNow unix milliseconds, with fractions */
export function exportLogMetrics(metrics: Metrics, log: ChangeLog, preciseNow: () => number): void {
  let committedMs = 0;
  log.onCommit(() => {
    committedMs = preciseNow();
  });
  metrics.gauge(
    'last_commit_timestamp_seconds',
    'Unix time at which the newest revision of this process had reached the disk.',
    [],
    (gauge) => {
      gauge.set(committedMs / 1000);
    },
  );
  metrics.gauge('latest_revision', 'Newest committed revision.', [], (gauge) => {
    gauge.set(log.head().revision);
  });
  metrics.gauge('latest_epoch', 'Epoch of the newest committed revision.', [], (gauge) => {
    gauge.set(log.head().epoch);
  });
  metrics.gauge(
    'log_forked',
    '1 while writes are refused because another writer used this log.',
    [],
    (gauge) => {
      gauge.set(log.writesRefused === undefined ? 0 : 1);
    },
  );
}

export function exportShipperMetrics(metrics: Metrics, shipper: Shipper, now: () => number): void {
  metrics.gauge(
    'outbox_pending',
    'Committed records not known to be in the NATS stream; all of them until it was seen.',
    [],
    (gauge) => {
      gauge.set(shipper.state().pending);
    },
  );
  metrics.gauge('outbox_oldest_seconds', 'Age of the oldest record that waits for NATS.', [], (gauge) => {
    const { oldestPendingMs } = shipper.state();
    gauge.set(oldestPendingMs === undefined ? 0 : Math.max(0, (now() - oldestPendingMs) / 1000));
  });
}
