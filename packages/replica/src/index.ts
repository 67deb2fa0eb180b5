/**
 * How flags move: records, fold, sessions. Pure: needs neither Node nor
 * generated code; codec, clock and randomness are passed in.
 */
export { Backoff, type BackoffSettings, RECONNECT_BACKOFF } from './backoff.ts';
export { ClientSet, type TransferOutcome } from './client-set.ts';
export { contentDamage } from './content-damage.ts';
export { entityDigest, StateDigest } from './digest.ts';
export {
  compareEntityIds,
  ENTITY_KIND,
  type EntityChange,
  type EntityId,
  type EntityKind,
  entityKey,
  type VersionedEntity,
} from './entity.ts';
export {
  type EnvironmentScope,
  EnvironmentView,
  type StateDelta,
  type ViewWindow,
} from './environment-view.ts';
export { Follower, type FollowerParts } from './follower.ts';
export {
  FOLLOWER_SETTINGS,
  type FollowerAlarm,
  type FollowerCounters,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerSettings,
} from './follower-events.ts';
export { UNBOUNDED_MS } from './freshness-bound.ts';
export { type HeldLog, nextEpoch, type Standing, standing } from './lineage.ts';
export { logPlace, type StreamWindow } from './log-place.ts';
export { type FoldOutcome, LogState, RECENT_HASHES_MAX } from './log-state.ts';
export { nextStream } from './next-stream.ts';
export { type Expansion, expandRecord, hex, partId } from './parts.ts';
export {
  formatMarker,
  PoisonGuard,
  type PoisonMarker,
  parseMarker,
} from './poison-guard.ts';
export {
  bytesEqual,
  comparePositions,
  formatPosition,
  isBefore,
  ORIGIN,
  type Place,
  type Position,
  samePosition,
} from './position.ts';
export {
  type Actor,
  type Codec,
  chainHash,
  type EpochBase,
  type Genesis,
  genesisFields,
  LOG_ID,
  type LogRecord,
  type PartRef,
  READER_VERSION,
  RECORD_FORMAT,
  type RecordFields,
  type RecordKind,
} from './record.ts';
export { type Reach, reached, type WantedRevision } from './revision-bound.ts';
export type {
  EntityQuery,
  HeadAuthority,
  HeadBeacon,
  LogListener,
  LogSource,
  LogSubscription,
  Snapshot,
  SnapshotOrigin,
  SnapshotSource,
  SourceStatus,
  Store,
  StoredRecord,
} from './seams.ts';
export { type GuardVerdict, SecondWriterGuard } from './second-writer-guard.ts';
export { ShipDecision, type ShipSettings } from './ship-decision.ts';
export type {
  NatsView,
  ShipEffect,
  ShipEvent,
  ShipLog,
  ShipOrder,
  ShipPhase,
  ShipStop,
  StreamView,
  TakeOver,
  WriteGate,
} from './ship-frames.ts';
export { checkSnapshot } from './snapshot-check.ts';
export { type SnapshotEvent, SnapshotSchedule, type SnapshotSettings } from './snapshot-schedule.ts';
export {
  SOURCE_CHOICE_SETTINGS,
  SourceChoice,
  type SourceChoiceEffect,
  type SourceChoiceEvent,
  type SourceChoiceSettings,
  type SourceName,
} from './source-choice.ts';
export {
  type SyncClientEffect,
  type SyncClientEvent,
  SyncClientSession,
  type SyncClientSettings,
} from './sync-client.ts';
export type { SyncEnvironment } from './sync-environment.ts';
export {
  type ClientFrame,
  type Digest,
  type Freshness,
  type Have,
  type Hello,
  type Intent,
  type NackCode,
  type Refusal,
  type ReportPlace,
  type SdkInfo,
  type ServerFrame,
  type SourceState,
  type StreamErrorCode,
  SYNC_PROTOCOL_VERSION,
  type SyncPeer,
  type Transfer,
  type Welcome,
} from './sync-frames.ts';
export { SyncServerSession } from './sync-server.ts';
export type {
  CloseReason,
  SyncServerEffect,
  SyncServerEvent,
  SyncServerSettings,
} from './sync-server-events.ts';
