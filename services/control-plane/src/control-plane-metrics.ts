/** The control plane's own metrics, read when somebody scrapes. */
import type { Metrics } from '@flagstream/runtime';
import type { ChangeLog } from './log/change-log.ts';
import type { Shipper } from './publish/shipper.ts';

export function exportLogMetrics(metrics: Metrics, log: ChangeLog): void {
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
