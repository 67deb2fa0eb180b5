/**
 * How it looks between processes: codecs, error catalogue, names, subjects,
 * limits. Generated code is imported from `@flagstream/protocol/gen/...`.
 */
export {
  decodeHeadBeacon,
  encodeChangeList,
  encodeHeadBeacon,
  entityChangeFromWire,
  entityChangeToWire,
  epochBaseFromWire,
  epochBaseToWire,
  headBeaconFromWire,
  headBeaconToWire,
  recordCodec,
  revisionNumber,
  sha256,
  versionedEntityFromWire,
  versionedEntityToWire,
} from './codec.ts';
export { type ConnectionFailure, connectionFailure } from './connection-failure.ts';
export {
  flagConfigDefinition,
  flagDefinition,
  segmentDefinition,
  segmentMembers,
  segmentUnit,
} from './definitions.ts';
export { descriptorSet } from './descriptor.ts';
export { didYouMean, nearestWord } from './did-you-mean.ts';
export type { Guarded } from './environment/arriving-set.ts';
export { EntityReadings } from './environment/entity-readings.ts';
export { EnvironmentSet } from './environment/environment-set.ts';
export {
  type EnvironmentEntities,
  EnvironmentUnits,
  type GoodUnits,
  unitId,
} from './environment/environment-units.ts';
export type { Quarantined, QuarantineLookup } from './environment/quarantine.ts';
export {
  ERROR_CATALOGUE,
  ERROR_DOMAIN,
  type ErrorOptions,
  type ErrorReason,
  type FieldViolation,
  FlagstreamError,
  fail,
  invalidField,
  isSystemError,
  limitExceeded,
  messageOf,
  withMetadata,
} from './errors.ts';
export { checkedContext } from './evaluation/checked-context.ts';
export { checkedFlagKey } from './evaluation/checked-flag-key.ts';
export { readEvaluateRequest } from './evaluation/evaluate-request.ts';
export {
  type AnswerPlace,
  answerFields,
  evaluationError,
  evaluationResult,
  hasKind,
  kindMismatch,
} from './evaluation/evaluation-answer.ts';
export { type AskedEvaluation, StreamedRequest } from './evaluation/streamed-request.ts';
export {
  DELIVERY_BOUNDS_MS,
  type Engine,
  EngineCounts,
  nackCodeToWire,
  SdkCounts,
  sumOfEngines,
  sumOfSdks,
} from './fleet.ts';
export {
  formatToken,
  headerToken,
  newKeyId,
  newSecret,
  type ParsedToken,
  parseToken,
} from './keys/api-token.ts';
export { LIMITS, type LimitName } from './limits.ts';
export {
  apiKeyId,
  environmentId,
  environmentName,
  flagConfigId,
  flagConfigName,
  flagId,
  flagName,
  formatName,
  isFlagKey,
  isKey,
  KEY_PATTERN,
  type NamedKind,
  namePattern,
  parseName,
  projectId,
  projectName,
  requireApiKeyName,
  requireName,
  segmentId,
  segmentName,
} from './names.ts';
export { fromServiceError, toServiceError } from './service-error.ts';
export { snapshotChunks, snapshotFromWire, snapshotHeaderToWire } from './snapshot-codec.ts';
export { readSnapshotEntities } from './snapshot-entities.ts';
export {
  epochOfStream,
  headRequestSubject,
  headSubject,
  logStreamName,
  logSubject,
  logSubjectWildcard,
  NATS_PREFIX_DEFAULT,
  NATS_PREFIX_PATTERN,
  reportSubject,
  reportSubjectWildcard,
  snapshotBucketName,
} from './subjects.ts';
export { clientFrameFromWire, clientFrameToWire, encodeClientFrame } from './sync/client-frame.ts';
export {
  decodeServerFrame,
  encodeDrain,
  encodePing,
  encodeStreamError,
  encodeWelcome,
  serverFrameFromWire,
} from './sync/server-frame.ts';
export { encodeTransfer, type TransferHeader } from './sync/transfer.ts';
export {
  freshnessFromWire,
  freshnessToWire,
  placeToWire,
  positionFromWire,
  positionToWire,
} from './sync/wire.ts';
export { endMsOf, timestampOf, unixMsOf } from './timestamp.ts';
