/** What a follower hears and what it wants done: the words between the reducer and who drives it. */
import type { EntityChange } from './entity.ts';
import type { Position } from './position.ts';
import type { LogRecord } from './record.ts';
import type { HeadBeacon, Snapshot, SnapshotOrigin, SourceStatus } from './seams.ts';

export type FollowerEvent =
  /** Once, first. */
  | { readonly type: 'start' }
  | { readonly type: 'records'; readonly records: readonly Uint8Array[] }
  /** A head that came by itself. */
  | { readonly type: 'head'; readonly beacon: HeadBeacon }
  /** The answer to an `ask-head`, with its moment. */
  | { readonly type: 'head-answer'; readonly beacon: HeadBeacon; readonly askedMs: number }
  | { readonly type: 'head-failed' }
  | { readonly type: 'status'; readonly status: SourceStatus }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot; readonly origin: SnapshotOrigin }
  | { readonly type: 'snapshot-failed'; readonly detail: string }
  | { readonly type: 'tick' };

export type FollowerEffect =
  /** The state has moved by one record. */
  | { readonly type: 'applied'; readonly record: LogRecord; readonly changes: readonly EntityChange[] }
  /** The state was replaced by a snapshot; `continues`: what was applied before is on its lineage. */
  | { readonly type: 'replaced'; readonly continues: boolean }
  /** Read the source from here, from now on. */
  | { readonly type: 'reopen'; readonly after: Position }
  | { readonly type: 'fetch-snapshot'; readonly reason: string }
  /** Ask the authority for the head; bring `askedMs` back with the answer. */
  | { readonly type: 'ask-head'; readonly askedMs: number }
  | { readonly type: 'alarm'; readonly code: FollowerAlarm; readonly detail: string };

export type FollowerAlarm =
  | 'diverged'
  /** A newer epoch does not continue what was applied: revisions that were seen are withdrawn. */
  | 'forked'
  | 'frozen'
  | 'broken'
  | 'undecodable'
  | 'snapshot-failed';

export interface FollowerSettings {
  /** A head above the applied revision for this long makes the source be read again. */
  readonly lagToleranceMs: number;
  /** Pause between attempts to read again, and first pause between attempts at a snapshot. */
  readonly retryMs: number;
  /** Longest pause between attempts at a snapshot. */
  readonly snapshotRetryMaxMs: number;
  /** Attempts to read again without a record being applied, before a snapshot is taken. */
  readonly fruitlessReopensMax: number;
  /** Further behind than this, a snapshot is cheaper than the records. */
  readonly replayMax: number;
  /** Period of asking for the head. */
  readonly askMs: number;
  /** A control plane that was silent for this long is gone. */
  readonly speakerSilenceMs: number;
  /** A log whose heads nobody tells counts as read once nothing came for this long. */
  readonly quietMs: number;
}

export const FOLLOWER_SETTINGS: FollowerSettings = Object.freeze({
  lagToleranceMs: 1_500,
  retryMs: 1_000,
  snapshotRetryMaxMs: 30_000,
  fruitlessReopensMax: 3,
  replayMax: 5_000,
  askMs: 1_000,
  speakerSilenceMs: 3_000,
  quietMs: 2_000,
});

export interface FollowerCounters {
  readonly duplicates: number;
  readonly outdated: number;
  readonly gaps: number;
  readonly diverged: number;
  readonly forked: number;
  readonly reopens: number;
  readonly snapshots: number;
  /** Heads of a second control plane, not heard, after which the first one spoke on. */
  readonly strangers: number;
}
