// Every limit of limits.ts: how it is crossed at each door that it guards, which other test crosses it, or why it
// guards no door. A limit without an entry does not compile, and fails the test beside this table.

import type { ErrorReason, LimitName } from '@flagstream/protocol';
import { ReportNodeRequest } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { callUnary } from '../support/grpc-call.ts';
import { privateValue } from '../support/private-value.ts';
import { CONTEXT_DOORS, EVALUATION_CROSSINGS } from './evaluation-crossings.ts';
import type { LimitSite } from './limit-site.ts';
import { WRITE_CROSSINGS } from './write-crossings.ts';

/** One door and how to come to it with so much of what is limited. */
export interface Crossing {
  readonly door: string;
  readonly call: (site: LimitSite, amount: number) => Promise<unknown>;
  /** What one more than the limit is refused with. */
  readonly reason: ErrorReason;
  /** Begins the field that the refusal names; undefined where the door knows no fields. */
  readonly field?: string;
  /** What is taken in place of the limit itself, where that much would take minutes. */
  readonly taken?: number;
}

export type LimitEntry =
  | { readonly crossings: readonly Crossing[] }
  /** A test file that crosses it, by a word that it must hold. */
  | { readonly crossedIn: string; readonly word: string }
  | { readonly noDoor: string };

const OWN_PACE: LimitEntry = { noDoor: 'a time or pace of our own processes; no caller chooses it' };
const OWN_SIZE: LimitEntry = { noDoor: 'bounds what we ourselves make, keep or write; no caller chooses it' };
const COERCED: LimitEntry = { noDoor: 'what is asked for is moved into the range, never refused' };

const reportOf = (nodeId: string, usedKeys: readonly { readonly keyId: string }[]): ReportNodeRequest =>
  ReportNodeRequest.fromPartial({ report: { nodeId, usedKeys: [...usedKeys] } });

export const LIMIT_ENTRIES: Readonly<Record<LimitName, LimitEntry>> = {
  ...EVALUATION_CROSSINGS,
  ...WRITE_CROSSINGS,
  flagdDocumentBytesMax: {
    crossedIn: 'services/evaluator/src/flagd-sync/sync-service.test.ts',
    word: 'refuses a document that no client would take',
  },
  contextBytesMax: {
    // {"t":"..."}: 2 bytes, 1 of the name, 4 beside it.
    crossings: CONTEXT_DOORS((amount) => ({ t: privateValue('text').padEnd(amount - 7, 'x') })),
  },
  contextAttributesMax: {
    crossings: CONTEXT_DOORS((amount) =>
      Object.fromEntries(
        Array.from({ length: amount }, (_, index) => [
          `a${index}`,
          index === 0 ? privateValue('attribute') : true,
        ]),
      ),
    ),
  },
  contextDepthMax: {
    crossings: CONTEXT_DOORS((amount) => {
      let nested: Record<string, unknown> = { innermost: privateValue('nested') };
      for (let level = 1; level < amount; level++) nested = { n: nested };
      return nested;
    }),
  },

  nodeReportKeysMax: {
    crossings: [
      {
        door: 'ReportNode',
        call: ({ fleet }, amount) =>
          callUnary(fleet, fleet.reportNode, reportOf('n', Array(amount).fill({ keyId: 'k' }))),
        reason: 'INVALID_FIELD',
        field: 'report.used_keys',
      },
    ],
  },
  nodeIdLengthMax: {
    crossings: [
      {
        door: 'ReportNode',
        call: ({ fleet }, amount) => callUnary(fleet, fleet.reportNode, reportOf('n'.repeat(amount), [])),
        reason: 'INVALID_FIELD',
        field: 'report.node_id',
      },
    ],
  },
  reportedEnvironmentsMax: {
    crossedIn: 'services/control-plane/src/fleet/node-reports.test.ts',
    word: 'reportedEnvironmentsMax',
  },
  instanceIdLengthMax: {
    crossedIn: 'services/evaluator/src/fanout/sync-stream.test.ts',
    word: 'instanceIdLengthMax',
  },
  lostStreamsMax: { crossedIn: 'services/evaluator/src/fanout/sync-stream.test.ts', word: 'lostStreamsMax' },
  nodeReportBytesMax: {
    crossedIn: 'services/control-plane/src/fleet/node-reports.test.ts',
    word: 'nodeReportBytesMax',
  },
  entityBytesMax: { crossedIn: 'test/guarantees/invalid-input.test.ts', word: 'an entity that is too large' },
  batchAnswerBytesMax: {
    crossedIn: 'services/evaluator/src/serve/batch.test.ts',
    word: 'batchAnswerBytesMax',
  },
  answerChangesRevisionsMax: {
    crossedIn: 'services/control-plane/src/history/history-service.test.ts',
    word: 'answerChangesRevisionsMax',
  },
  minRevisionWaitMs: {
    crossedIn: 'packages/runtime/src/grpc/revision-wait.test.ts',
    word: 'minRevisionWaitMs',
  },
  minRevisionWaitersMax: {
    crossedIn: 'packages/runtime/src/grpc/revision-wait.test.ts',
    word: 'WAITERS_MAX',
  },
  tlsHandshakeTimeoutMs: {
    crossedIn: 'packages/runtime/src/listen/tls-door.test.ts',
    word: 'tlsHandshakeTimeoutMs',
  },
  adminRequestMessagesMax: {
    crossedIn: 'test/limits/heavy-requests.test.ts',
    word: 'adminRequestMessagesMax',
  },
  evaluationRequestMessagesMax: {
    crossedIn: 'test/limits/heavy-requests.test.ts',
    word: 'evaluationRequestMessagesMax',
  },
  smallRequestBytesMax: { crossedIn: 'test/limits/heavy-requests.test.ts', word: 'smallRequestBytesMax' },
  requestBytesPerCall: {
    crossedIn: 'packages/runtime/src/grpc/key-quota.test.ts',
    word: 'requestBytesPerCall',
  },
  keylessStreamsMax: { crossedIn: 'test/limits/heavy-requests.test.ts', word: 'keylessStreamsMax' },
  requestArrivalMs: {
    crossedIn: 'packages/runtime/src/grpc/awaited-requests.test.ts',
    word: 'requestArrivalMs',
  },
  slowRequestsMax: {
    crossedIn: 'packages/runtime/src/grpc/awaited-requests.test.ts',
    word: 'slowRequestsMax',
  },
  refusedStreamEndMs: {
    crossedIn: 'packages/runtime/src/grpc/refused-streams.test.ts',
    word: 'refusedStreamEndMs',
  },
  keyCallsPerSecondMax: { crossedIn: 'packages/runtime/src/grpc/key-quota.test.ts', word: 'callsPerSecond' },
  keyCallsBurstMax: { crossedIn: 'packages/runtime/src/grpc/key-quota.test.ts', word: 'burstCalls' },
  keyStreamsMax: { crossedIn: 'packages/runtime/src/grpc/key-quota.test.ts', word: 'openStream' },
  keyOverlapSecondsMax: { crossedIn: 'test/keys/key-life.test.ts', word: 'overlap_seconds' },
  helloTimeoutMs: { crossedIn: 'services/evaluator/src/fanout/sync-stream.test.ts', word: 'helloTimeoutMs' },
  nackRetryMs: { crossedIn: 'packages/replica/src/sync-server-refusal.test.ts', word: 'nackRetryMs' },
  ackTimeoutMs: { crossedIn: 'packages/replica/src/sync-server.test.ts', word: 'ackTimeoutMs' },
  streamStallMs: { crossedIn: 'packages/runtime/src/connect/stalled-readers.test.ts', word: 'streamStallMs' },
  tcpKeepAliveMs: { crossedIn: 'packages/runtime/src/listen/front-door.test.ts', word: 'tcpKeepAliveMs' },
  connectionsMax: { crossedIn: 'packages/runtime/src/listen/front-door.test.ts', word: 'maxConnections' },
  prefaceTimeoutMs: { crossedIn: 'packages/runtime/src/listen/front-door.test.ts', word: 'sniffTimeoutMs' },
  concurrentStreamsMax: { crossedIn: 'test/limits/http-doors.test.ts', word: 'concurrentStreamsMax' },
  httpHeaderBytesMax: { crossedIn: 'test/limits/http-doors.test.ts', word: 'httpHeaderBytesMax' },
  httpPipelinedMax: {
    crossedIn: 'packages/runtime/src/connect/connect-hygiene.test.ts',
    word: 'httpPipelinedMax',
  },
  eventHeartbeatMs: OWN_PACE,

  ofrepRequestBytesMax: {
    crossedIn: 'services/evaluator/src/ofrep/ofrep-requests.test.ts',
    word: 'ofrepRequestBytesMax',
  },
  ofrepAnswerBytesMax: {
    crossedIn: 'services/evaluator/src/ofrep/all-flags.test.ts',
    word: 'ofrepAnswerBytesMax',
  },
  ofrepHeldBytesMax: {
    crossedIn: 'services/evaluator/src/ofrep/request-body.test.ts',
    word: 'ofrepHeldBytesMax',
  },
  httpIdleMs: { crossedIn: 'packages/runtime/src/http/injected-http-server.test.ts', word: 'idleMs' },
  httpLingerMs: {
    crossedIn: 'packages/runtime/src/connect/connect-hygiene.test.ts',
    word: 'beginning of a stop',
  },

  pageSizeDefault: COERCED,
  pageSizeMax: COERCED,
  heartbeatMs: COERCED,
  heartbeatMsMin: COERCED,
  heartbeatMsMax: COERCED,
  nackDetailBytesMax: { noDoor: 'a longer detail of a refusal is cut where it is logged' },
  deltaWindowRevisions: { noDoor: 'a client from further back gets all flags in place of a delta' },
  logStreamBytesMax: { noDoor: 'the default of a setting' },
  streamMessageBytesMax: { noDoor: 'nats-server refuses what is larger; recordBytesMax keeps us below it' },
  readyStalenessMsMin: {
    noDoor: 'the lowest value of a setting, which the configuration refuses to go below',
  },

  withheldFlagsNamedMax: OWN_SIZE,
  recordBytesMax: OWN_SIZE,
  recordEntitiesMax: OWN_SIZE,
  partBytesMax: OWN_SIZE,
  syncFrameBytesMax: OWN_SIZE,
  keptTransfersMax: OWN_SIZE,
  keptTransferBytesMax: OWN_SIZE,
  watchLogRecordsMax: OWN_SIZE,
  watchLogBytesMax: OWN_SIZE,
  cacheTailBytesMax: OWN_SIZE,
  cacheFileBytesMax: OWN_SIZE,
  shipPipelineMax: OWN_SIZE,
  certificateLookMs: OWN_PACE,
  heartbeatsMissedMax: OWN_PACE,
  sessionTtlMs: OWN_PACE,
  rebalanceMs: { crossedIn: 'packages/replica/src/sync-server.test.ts', word: 'rebalanceMs' },
  streamHoldMs: { crossedIn: 'services/evaluator/src/admission/stream-admission.test.ts', word: 'holdMs' },
  streamRetryAfterMsMax: OWN_PACE,
  fullTransfersMax: {
    crossedIn: 'services/evaluator/src/fanout/full-transfer-gate.test.ts',
    word: 'fullTransfersMax',
  },
  fullTransfersWaitingMax: {
    crossedIn: 'services/evaluator/src/fanout/full-transfer-gate.test.ts',
    word: 'fullTransfersWaitingMax',
  },
  fullTransferStallMs: {
    crossedIn: 'services/evaluator/src/fanout/full-transfer-gate.test.ts',
    word: 'fullTransferStallMs',
  },
  drainMarginMs: OWN_PACE,
  turnCallsMs: { crossedIn: 'packages/runtime/src/grpc/load-shedder.test.ts', word: 'turnCallsMs' },
  turnCallsMsAtFirst: {
    crossedIn: 'packages/runtime/src/grpc/load-shedder.test.ts',
    word: 'turnCallsMsAtFirst',
  },
  turnCallsMsMax: { crossedIn: 'packages/runtime/src/grpc/load-shedder.test.ts', word: 'turnCallsMsMax' },
  turnCallsMin: { crossedIn: 'packages/runtime/src/grpc/load-shedder.test.ts', word: 'turnCallsMin' },
  callsAtOnceMax: { crossedIn: 'test/limits/http-doors.test.ts', word: 'callsAtOnceMax' },
  shedRetryMsMin: OWN_PACE,
  shedRetryMsMax: OWN_PACE,
  drainMsMax: OWN_PACE,
  beaconMs: OWN_PACE,
  nodeReportMs: OWN_PACE,
  nodeLostMs: OWN_PACE,
  reportedClientsMax: OWN_SIZE,
  reportedRevisionsMax: OWN_SIZE,
  reportedDeliveriesMax: OWN_SIZE,
  reportedSdksMax: OWN_SIZE,
  acceptQueueMax: OWN_SIZE,
  reportedMovesMax: OWN_SIZE,
  reportedSequencesMax: OWN_SIZE,
  reportedDetailLengthMax: OWN_SIZE,
  departedClientsMax: OWN_SIZE,
  endedNodesMax: OWN_SIZE,
  wantedInstancesMax: OWN_SIZE,
  fleetNamesMax: OWN_SIZE,
  natsAnswerMs: OWN_PACE,
  natsStartWaitMs: OWN_PACE,
  secondWriterMs: OWN_PACE,
  streamLookMs: OWN_PACE,
  shipAckMs: OWN_PACE,
  shipFlushMs: OWN_PACE,
  snapshotRevisions: OWN_PACE,
  snapshotWindowShare: OWN_PACE,
  snapshotDelayMs: OWN_PACE,
  snapshotRetryMs: OWN_PACE,
  snapshotFetchMs: OWN_PACE,
  snapshotSilenceMs: OWN_PACE,
  orphanPartMs: OWN_PACE,
  orphanSweepMs: OWN_PACE,
  cacheSnapshotMs: OWN_PACE,
};
