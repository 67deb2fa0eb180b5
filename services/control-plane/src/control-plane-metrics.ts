/** The control plane's own metrics, read when somebody scrapes. */
import type { Metrics, RevisionWait } from '@flagstream/runtime';
import type { ChangeLog } from './log/change-log.ts';
import type { SecondWriterWatch } from './publish/second-writer-watch.ts';
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
    'writes_refused',
    '1 while writes are refused until a person decides, whatever the reason.',
    [],
    (gauge) => {
      gauge.set(log.refusal === undefined ? 0 : 1);
    },
  );
  metrics.gauge(
    'log_forked',
    '1 while writes are refused because another writer used this log.',
    [],
    (gauge) => {
      gauge.set(log.refusal?.reason === 'LOG_FORKED' ? 1 : 0);
    },
  );
}

export function exportWaiters(metrics: Metrics, wait: RevisionWait): void {
  metrics.gauge('revision_waiters', 'Reads that wait for their min_revision.', [], (gauge) =>
    gauge.set(wait.waiting),
  );
}

export interface ShippingSources {
  readonly shipper: Shipper;
  readonly watch: SecondWriterWatch;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function exportShipperMetrics(metrics: Metrics, { shipper, watch, now }: ShippingSources): void {
  metrics.gauge(
    'unshipped_records',
    'Committed records that NATS is not known to hold: lost with the disk. All of the epoch until its stream was seen.',
    [],
    (gauge) => {
      gauge.set(shipper.state().pending);
    },
  );
  metrics.gauge('unshipped_seconds', 'Age of the oldest of them.', [], (gauge) => {
    const { oldestPendingMs } = shipper.state();
    gauge.set(oldestPendingMs === undefined ? 0 : Math.max(0, (now() - oldestPendingMs) / 1000));
  });
  metrics.counted(
    'reseeds_total',
    'Epochs begun because NATS had lost the log, or because a person decided so.',
    () => shipper.reseeds,
  );
  metrics.counted('nats_snapshots_total', 'Snapshots written to NATS.', () => shipper.snapshotsWritten);
  metrics.counted(
    'foreign_heads_total',
    'Heads of another control plane that were heard.',
    () => watch.foreign,
  );
}
