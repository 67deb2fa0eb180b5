/** Numbers of an evaluator, read where they live when somebody scrapes. */
import { WITHHELD_CONSTRUCTS } from '@flagstream/exporters';
import type { SourceState } from '@flagstream/replica';
import type { Metrics, RevisionWait, Sample } from '@flagstream/runtime';
import type { StreamAdmission } from './admission/stream-admission.ts';
import type { EvaluatorCache } from './cache/evaluator-cache.ts';
import type { FullTransferGate } from './fanout/full-transfer-gate.ts';
import type { StreamRegistry } from './fanout/stream-registry.ts';
import type { TransferCache } from './fanout/transfer-cache.ts';
import { CLIENT_ENGINES } from './flagd-sync/client-engine.ts';
import type { Subscribers } from './flagd-sync/subscribers.ts';
import type { SyncDocuments } from './flagd-sync/sync-documents.ts';
import type { LogFollower } from './follow/log-follower.ts';
import type { NodeReporter } from './report/node-reporter.ts';
import type { EvaluationCounts } from './serve/evaluation-counts.ts';
import type { Serving } from './serve/serving.ts';
import type { EvaluatorState } from './state/evaluator-state.ts';

const SOURCE_STATES: readonly SourceState[] = ['live', 'fallback', 'stale-cache', 'frozen', 'diverged'];

export interface MeasuredParts {
  readonly follower: LogFollower;
  readonly state: EvaluatorState;
  readonly serving: Serving;
  readonly wait: RevisionWait;
  readonly counts: EvaluationCounts;
  readonly streams: StreamRegistry;
  readonly watchers: StreamRegistry;
  readonly pipelines: StreamRegistry;
  /** Of flagd's clients. */
  readonly eventStreams: StreamRegistry;
  readonly ofrepStreams: StreamRegistry;
  /** Of flagd's clients that evaluate themselves. */
  readonly syncStreams: StreamRegistry;
  readonly documents: SyncDocuments;
  readonly subscribers: Subscribers;
  readonly transfers: TransferCache;
  readonly gate: FullTransferGate;
  readonly admission: StreamAdmission;
  /** Undefined without a folder for one. */
  readonly cache: EvaluatorCache | undefined;
}

export function exportMetrics(metrics: Metrics, parts: MeasuredParts): void {
  const { follower, state, serving, wait, counts } = parts;
  metrics.gauge('applied_revision', 'Revision that answers stand for.', [], (gauge) =>
    gauge.set(state.position.revision),
  );
  metrics.gauge('applied_epoch', 'Epoch that answers stand for.', [], (gauge) =>
    gauge.set(state.position.epoch),
  );
  metrics.gauge('latest_revision', 'Newest revision heard of.', [], (gauge) =>
    gauge.set(Math.max(state.position.revision, follower.follower.head?.headRevision ?? 0)),
  );
  metrics.gauge('staleness_seconds', 'Upper bound of the age of the state.', [], (gauge) =>
    gauge.set(serving.freshness().stalenessMs / 1000),
  );
  metrics.gauge('staleness_estimated', '1 while that bound lacks transit time.', [], (gauge) =>
    gauge.set(serving.freshness().estimated ? 1 : 0),
  );
  metrics.gauge('revision_waiters', 'Calls that wait for their min_revision.', [], (gauge) =>
    gauge.set(wait.waiting),
  );
  metrics.gauge('source_state', '1 for what answers stand on now.', ['state'], (gauge) => {
    const { source } = serving.freshness();
    for (const state of SOURCE_STATES) gauge.set({ state }, state === source ? 1 : 0);
  });
  metrics.gauge('source_live', '1 while the log source delivers.', [], (gauge) =>
    gauge.set(follower.live ? 1 : 0),
  );
  metrics.gauge('environments', 'Environments that are served.', [], (gauge) =>
    gauge.set([...state.environments()].length),
  );
  metrics.gauge(
    'quarantined_entities',
    'Entities whose newest version is not in force.',
    ['serving'],
    (gauge) => {
      const entries = [...state.environments()].flatMap(({ quarantined }) => [...quarantined.values()]);
      const serving = entries.filter((entry) => entry.serving).length;
      gauge.set({ serving: 'older' }, serving);
      gauge.set({ serving: 'none' }, entries.length - serving);
    },
  );
  exportStreams(metrics, parts);
  exportFlagSync(metrics, parts);
  if (parts.cache !== undefined) exportCache(metrics, parts.cache);
  metrics.countedBy('reason', 'evaluations_total', 'Evaluations by reason.', () => counts.entries());
  metrics.countedBy('outcome', 'log_records_total', 'Records that were not applied, by why.', () => {
    const { duplicates, outdated, gaps, diverged, forked } = follower.follower.counters;
    return Object.entries({ duplicates, outdated, gaps, diverged, forked });
  });
  metrics.countedBy(
    'kind',
    'log_recoveries_total',
    'Times that the log was read again or replaced by a snapshot.',
    () => {
      const { reopens, snapshots } = follower.follower.counters;
      return Object.entries({ reopens, snapshots });
    },
  );
  metrics.counted(
    'foreign_heads_total',
    'Heads of a second control plane, which were not believed.',
    () => follower.follower.counters.strangers,
  );
  metrics.countedBy('alarm', 'log_alarms_total', 'Alarms of the log follower.', () => [...follower.alarms]);
}

export function exportReports(metrics: Metrics, { counters }: NodeReporter): void {
  metrics.countedBy('outcome', 'node_reports_total', 'Reports of this node to the control plane.', () =>
    Object.entries(counters),
  );
}

/** A disk that takes no more does not stop serving: these tell of it. */
function exportCache(metrics: Metrics, cache: EvaluatorCache): void {
  metrics.countedBy(
    'outcome',
    'cache_writes_total',
    'Snapshots written to the disk cache, and writes of any kind to it that failed.',
    () => Object.entries(cache.counters),
  );
  metrics.gauge(
    'cache_poisoned',
    '1 when this process started without the newest state on disk, which had ended it three times.',
    [],
    (gauge) => gauge.set(cache.poisoned ? 1 : 0),
  );
  metrics.gauge('cache_tail_bytes', 'Records on disk that no snapshot there holds.', [], (gauge) =>
    gauge.set(cache.tailBytes),
  );
}

function exportStreams(metrics: Metrics, parts: MeasuredParts): void {
  const {
    streams,
    watchers,
    pipelines,
    eventStreams,
    ofrepStreams,
    syncStreams,
    transfers,
    gate,
    admission,
  } = parts;
  metrics.countedBy(
    'outcome',
    'streams_admitted_total',
    'New streams: opened, held until their turn, refused with a time to come back.',
    () => Object.entries(admission.counts),
  );
  metrics.gauge('full_transfers', 'Clients that are sent everything, or wait to be.', ['state'], (gauge) => {
    gauge.set({ state: 'running' }, gate.running);
    gauge.set({ state: 'waiting' }, gate.waiting);
  });
  metrics.countedBy('kind', 'transfers_total', 'Transfers to Sync streams.', () =>
    Object.entries(transfers.sent),
  );
  metrics.counted(
    'stream_divergences_total',
    'Clients that held another set than this node at the same revision: it was replaced.',
    () => streams.divergences,
  );
  const kinds = [
    ['sync', streams] as const,
    ['watch', watchers] as const,
    ['evaluate', pipelines] as const,
    ['events', eventStreams] as const,
    ['ofrep', ofrepStreams] as const,
    ['flagd-sync', syncStreams] as const,
  ];
  metrics.gauge('stream_clients', 'Open streams.', ['kind'], (gauge) => {
    for (const [kind, registry] of kinds) gauge.set({ kind }, registry.size);
  });
  metrics.gauge('stream_dirty', 'Streams with something unsent or unacknowledged.', ['kind'], (gauge) => {
    for (const [kind, registry] of kinds) gauge.set({ kind }, registry.dirty);
  });
  metrics.scraped({
    name: 'flagstream_stream_closed_total',
    help: 'Streams that ended, by why.',
    type: 'counter',
    collect: () =>
      kinds.flatMap(([kind, registry]) =>
        [...registry.closed].map(([reason, value]): Sample => ({ labels: { kind, reason }, value })),
      ),
  });
}

function exportFlagSync(metrics: Metrics, { state, documents, subscribers }: MeasuredParts): void {
  metrics.gauge(
    'flagd_sync_clients',
    'Clients that evaluate flags themselves, by engine and by how it divides subjects.',
    ['engine', 'bucketing'],
    (gauge) => {
      for (const engine of CLIENT_ENGINES)
        gauge.set({ engine: engine.name, bucketing: engine.bucketing }, subscribers.open.get(engine) ?? 0);
    },
  );
  metrics.gauge(
    'flagd_sync_withheld_flags',
    'Flags that flagd cannot be told, by what stands against it, in environments that were asked for.',
    ['construct'],
    (gauge) => {
      const counts = documents.withheldCounts(state.environments());
      for (const construct of WITHHELD_CONSTRUCTS) gauge.set({ construct }, counts.get(construct) ?? 0);
    },
  );
  metrics.counted(
    'flagd_sync_bytes_total',
    'Bytes of documents handed to the connections of clients.',
    () => subscribers.bytes,
  );
  metrics.counted(
    'flagd_sync_documents_total',
    'Documents encoded, each for all who select the same.',
    () => documents.encoded,
  );
}
