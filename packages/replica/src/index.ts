/**
 * How flags move: records, fold, sessions. Pure: needs neither Node nor
 * generated code; codec, clock and randomness are passed in.
 */
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
export { type FoldOutcome, LogState } from './log-state.ts';
export { type Expansion, expandRecord, hex, partId } from './parts.ts';
export {
  bytesEqual,
  comparePositions,
  formatPosition,
  ORIGIN,
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
export type {
  EntityQuery,
  HeadBeacon,
  LogListener,
  LogSource,
  LogSubscription,
  Snapshot,
  SnapshotSource,
  SourceStatus,
  Store,
  StoredRecord,
} from './seams.ts';
