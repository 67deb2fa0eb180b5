/**
 * Every limit of what arrives, travels and waits, each with its reason. The
 * engine's own limits (depth, nodes, list sizes) stand in its limits file.
 * A bound that is nobody else's business stands at the top of its module, and
 * settings of replica's reducers beside them. Relations between limits are
 * asserted at the end, when the module loads.
 */
import { RECENT_HASHES_MAX } from '@flagstream/replica';

export const LIMITS = {
  /** One record of the log. NATS's default max_payload is 1 MiB and our stream takes 768 KiB. */
  recordBytesMax: 524_288,
  /** Largest message that the log stream takes. */
  streamMessageBytesMax: 786_432,
  /** One entity's content: half a record, so that a record always holds at least one. */
  entityBytesMax: 262_144,
  /** Entities in one record: keeps a fold and a push short. Larger sets are staged as parts. */
  recordEntitiesMax: 200,
  /** Content of one staged part: an entity as any other. */
  partBytesMax: 245_760,
  /** Entities in one apply, parts included: about 30 s of fold on a slow disk at the worst. */
  applyEntitiesMax: 50_000,
  /** Log stream in NATS: a window of the log, oldest records fall out. */
  logStreamBytesMax: 268_435_456,

  /** One admin request: an apply of 10,000 flags with their configurations is about 12 MiB. */
  adminRequestBytesMax: 33_554_432,
  /** Messages in one: that apply has some 400,000. Each takes hundreds of bytes of heap, and 2 of the request. */
  adminRequestMessagesMax: 600_000,
  /** Members of one segment: 1,000,000 keys are about 20 MB of heap in each evaluator. */
  segmentMembersMax: 1_000_000,
  pageSizeDefault: 100,
  pageSizeMax: 1000,
  /** Characters of a comment, an actor and an operation id: they stand in every record. */
  commentLengthMax: 2000,
  actorLengthMax: 200,
  operationIdLengthMax: 128,
  /** A document for flagd's clients, as a message: they take no larger one, and nothing can be left out. */
  flagdDocumentBytesMax: 4_194_304,
  /** In one line of the log; the metric counts all. */
  withheldFlagsNamedMax: 20,
  /** Of projects, environments, flags and segments: answers say a key again, a batch for each context. */
  keyLengthMax: 128,
  /**
   * Of one key at one process, a large batch as several calls: what a process can do at best, so that a key that
   * loops leaves room for others' bursts.
   */
  keyCallsPerSecondMax: 20_000,
  keyCallsBurstMax: 40_000,
  /** A whole fleet may share a key. */
  keyStreamsMax: 20_000,
  /** Streams of those who show no key where one is asked for: they may watch health. */
  keylessStreamsMax: 1_000,
  /** A stream that was ended, as its key is no longer valid, and whose peer reads nothing, is cut after this. */
  refusedStreamEndMs: 5_000,
  /** A line in a table. */
  displayNameLengthMax: 200,
  /** More are several keys' work. */
  keyRolesMax: 50,
  /** A rotation that takes longer is two keys. */
  keyOverlapSecondsMax: 2_592_000,

  /**
   * While more calls come than can be answered: they are answered for so long in one turn of the event loop, and those
   * that it reads later are refused: they have waited as long already. Some hundreds at the usual speed.
   */
  turnCallsMs: 40,
  /** The same before any is refused: a busy machine holds a process up for as long, and that is no overload. */
  turnCallsMsAtFirst: 100,
  /** The same at most, as after a pause: to collect the garbage takes up to 0.4 s, and calls have a second mostly. */
  turnCallsMsMax: 500,
  /** And at least so many of them. */
  turnCallsMin: 50,
  /** When those may come back: between these, one after the other. */
  shedRetryMsMin: 1_000,
  shedRetryMsMax: 20_000,
  /**
   * Unary calls that a connection of an evaluator has at once: as many as clients send before they have heard of it, and
   * what some dozens send is answered, or refused, within a second.
   */
  callsAtOnceMax: 100,

  /** One evaluation request, context included. */
  evaluationRequestBytesMax: 1_048_576,
  /** Messages in one: 1,000 contexts of 20 attributes have 41,000. */
  evaluationRequestMessagesMax: 100_000,
  /** A request that names something at most, as of health and reflection. */
  smallRequestBytesMax: 4_096,
  /** A request that reads: names, and one context with what its encoding adds. */
  readRequestBytesMax: 262_144,
  /** Bytes of a request that its key pays as one call: to decode them takes as long. */
  requestBytesPerCall: 4_096,
  /** Time for a request to arrive: 32 MiB over a line of 10 Mbit/s. */
  requestArrivalMs: 30_000,
  /** Requests of one caller that may take longer than a second to arrive, at once. */
  slowRequestsMax: 100,
  /** One context, as JSON text: what a service knows about one user. */
  contextBytesMax: 65_536,
  contextAttributesMax: 256,
  contextDepthMax: 8,
  /**
   * Contexts times flags of one batch: 80 to 240 ms with their encoding, in slices of 4 ms. A result has from 35
   * bytes to 100 where a flag is not found, so that as many fit into an answer.
   */
  batchEvaluationsMax: 40_000,
  /** Answer to one batch: gRPC clients take 4 MiB by default, what stands beside the results included. */
  batchAnswerBytesMax: 4_000_000,
  batchContextsMax: 1000,
  /** Evaluations of one message of EvaluateStream; further ones are another message. */
  streamedEvaluationsMax: 1_000,
  /** One such message: 1,000 contexts of five attributes. grpc-js reads a few ahead for each stream. */
  streamedRequestBytesMax: 262_144,
  /** Messages of one stream that wait for a revision, beyond which nothing more of it is read. */
  streamedWaitsMax: 64,
  /** Answers that one stream's caller has yet to read, beyond which nothing more of it is read. */
  streamedUnsentBytesMax: 1_048_576,
  /** Longest wait for min_revision, in milliseconds. */
  minRevisionWaitMs: 500,
  /** Calls that may wait so at once: beyond, they are told to come back. */
  minRevisionWaitersMax: 10_000,
  /** Revisions that one page of ListAnswerChanges evaluates twice: about 100 ms, in slices. */
  answerChangesRevisionsMax: 500,

  /** One frame that a client of Sync sends: a greeting has some hundred bytes, a refusal 512 of detail. */
  syncRequestBytesMax: 16_384,
  /** One frame that the server sends; gRPC clients take 4 MiB by default. */
  syncFrameBytesMax: 262_144,
  helloTimeoutMs: 5_000,
  ackTimeoutMs: 30_000,
  /** What a client has refused, and nothing has changed since, it is sent again after this: it may have been mended. */
  nackRetryMs: 300_000,
  heartbeatMs: 10_000,
  heartbeatMsMin: 1_000,
  heartbeatMsMax: 60_000,
  /** A peer is dead after this many heartbeats without a sign. */
  heartbeatsMissedMax: 2.5,
  /** Stream life before the server asks for a reconnect (rebalancing). */
  sessionTtlMs: 1_800_000,
  /** What a client has to move when its stream has that age. */
  rebalanceMs: 60_000,
  /**
   * A new stream waits so long for its turn; beyond, it is told when to come back. To refuse one costs as much as to take
   * it, most of it for its connection; clients wait ten seconds for a welcome.
   */
  streamHoldMs: 5_000,
  /** Longest time that it is told to stay away, and over which the clients of a node that ended come back. */
  streamRetryAfterMsMax: 30_000,
  /** Clients that are being sent everything: some MiB of each may wait in memory. */
  fullTransfersMax: 64,
  /** Clients that wait to be; the others come back. */
  fullTransfersWaitingMax: 1_024,
  /** A client that takes nothing of it for so long keeps nobody waiting any more. */
  fullTransferStallMs: 5_000,
  /** Time to say so, and to begin to move, beside the time over which clients come to other nodes. */
  drainMarginMs: 1_000,
  /** Longest time for clients to move at a stop, which as a whole may take a minute. */
  drainMsMax: 45_000,
  /** Revisions for which a client is answered by delta. */
  deltaWindowRevisions: 10_000,
  nackDetailBytesMax: 512,
  /** Encoded transfers kept for other streams, a few revisions back: streams that lag further are few. */
  keptTransfersMax: 32,
  /** Full transfers of large environments are many MiB; the newest is kept in any case. */
  keptTransferBytesMax: 67_108_864,

  watchFlagKeysMax: 1000,
  /**
   * A reader that takes nothing of what a stream has for it is cut after this, whatever carries the stream: some lines of
   * phones stand still for half a minute, and who comes back later is told the newest all the same.
   */
  streamStallMs: 60_000,

  /** Streams of one HTTP/2 connection, unary calls among them: a client multiplexes, it does not flood. */
  concurrentStreamsMax: 1_000,
  connectionsMax: 50_000,
  /**
   * Connections that the kernel keeps until this process accepts them: those of a node that died come within seconds, and
   * one that finds no room tries again after one, three and seven seconds, or is reset. It may allow fewer itself
   * (net.core.somaxconn, 4,096 at Linux's default).
   */
  acceptQueueMax: 8_192,
  /** Time in which a new connection must say which protocol it speaks. */
  prefaceTimeoutMs: 5_000,
  /** Time for the handshake of TLS: three round trips and some arithmetic. */
  tlsHandshakeTimeoutMs: 5_000,
  /** Files of certificates and secrets are looked at this often: some are good for hours alone. */
  certificateLookMs: 10_000,
  /**
   * A connection on which nothing moves is asked by TCP whether its peer lives, and is closed when there is no answer ten
   * seconds later: as soon as one of HTTP/2, whose pings those of HTTP/1.1 do not have.
   */
  tcpKeepAliveMs: 30_000,
  httpHeaderBytesMax: 16_384,
  /**
   * Requests of one HTTP/1.1 connection that have come and are not answered: no browser and few libraries send another
   * before they have the answer, and each is a call that nothing else bounds.
   */
  httpPipelinedMax: 32,
  /** So often a stream of events says that it lives while it has nothing to tell: proxies cut after 30 s or more. */
  eventHeartbeatMs: 15_000,
  /** A stop that has nothing else to wait for waits so long for requests of HTTP/1.1 that are on their way: a round trip. */
  httpLingerMs: 100,
  /** A connection for HTTP/1.1 on which nothing moves: load balancers give up theirs after a minute, and shall be the first. */
  httpIdleMs: 75_000,

  /** One request of OFREP: as flagd takes it, and what any other evaluation request has. */
  ofrepRequestBytesMax: 1_048_576,
  /** Answer to one of its bulk requests: a browser that is sent more flags than this is sent the wrong ones. */
  ofrepAnswerBytesMax: 16_777_216,
  /** What its requests that arrive and its answers that wait to be taken hold in all; who comes beyond comes back. */
  ofrepHeldBytesMax: 268_435_456,

  /** Head beacon period. */
  beaconMs: 1_000,
  /** Between two reports of a node that has news; each tenth second it tells all again, in turn. */
  nodeReportMs: 1_000,
  /** Keys in one of them: some 10 KiB, whatever the node's clients do. */
  nodeReportKeysMax: 256,
  /** The longest report is a third of it; its parts follow. */
  nodeReportBytesMax: 262_144,
  reportedEnvironmentsMax: 64,
  /** Clients by name of one environment and kind; fewer where many environments have clients. */
  reportedClientsMax: 16,
  /** Streams coalesce: what clients have confirmed last has few values. */
  reportedRevisionsMax: 16,
  reportedDeliveriesMax: 8,
  reportedSdksMax: 8,
  reportedDetailLengthMax: 200,
  /** Processes before, that clients of one environment were at; fewer where many environments have clients. */
  reportedMovesMax: 8,
  /** A report a second while something moves: heartbeats say to within two of them where a stream was. */
  reportedSequencesMax: 16,
  /** Streams that a client remembers having lost: a node and its successors seldom end within minutes of each other. */
  lostStreamsMax: 4,
  /** Longer names of clients are refused: they stand in reports. */
  instanceIdLengthMax: 128,
  /** Clients that left owing, remembered by name for each environment. */
  departedClientsMax: 1_024,
  /** Names of such clients that other nodes are asked for at once. */
  wantedInstancesMax: 64,
  /** Processes that have ended, remembered for the clients that left with them. */
  endedNodesMax: 64,
  /** Clients by name in an answer of FleetService, of each kind. */
  fleetNamesMax: 100,
  /** A node that says nothing for so long is lost: it tells at least every ten seconds. */
  nodeLostMs: 15_000,
  /** A host name and more. */
  nodeIdLengthMax: 128,

  /** Records in flight from the shipper to NATS. */
  shipPipelineMax: 64,
  /** Longest wait for an answer of nats-server: one that is well answers in milliseconds. */
  natsAnswerMs: 2_000,
  /** Longest wait of a start for the first comparison with NATS: writes go on without it then. */
  natsStartWaitMs: 3_000,
  /** A control plane that hears of another one so soon after its start does not go on: three beacons. */
  secondWriterMs: 3_000,
  /** A stream that nothing is written to is looked at this often: it may have been deleted. */
  streamLookMs: 5_000,
  /** Longest wait of a write for the stream's confirmation, where it is asked for. */
  shipAckMs: 5_000,
  /** Longest wait of a stop for records on their way: the next start ships the rest. */
  shipFlushMs: 2_000,
  /** Revisions after which a snapshot is written to NATS: folding so many takes a second at most. */
  snapshotRevisions: 1_000,
  /** Share of the stream's window after which a snapshot is written, before the window has moved on. */
  snapshotWindowShare: 0.25,
  /** A change is in a snapshot at the latest after this. */
  snapshotDelayMs: 300_000,
  /** Pause after a snapshot that NATS did not take. */
  snapshotRetryMs: 2_000,
  /** Longest fetch of a snapshot from the control plane: the largest state takes some seconds. */
  snapshotFetchMs: 60_000,
  /**
   * Smallest bound of age on an evaluator's readiness. A healthy node asks for the head each second, so its
   * bound swings to about 1.25 s and a round trip: below this it would leave the load balancer for one slow answer.
   */
  readyStalenessMsMin: 5_000,
  /** Nothing of a snapshot came for this long: the control plane is gone, and somebody else may have one. */
  snapshotSilenceMs: 5_000,
  /** Records in one WatchLog message. */
  watchLogRecordsMax: 256,
  /** Bytes of records in one WatchLog or snapshot message. */
  watchLogBytesMax: 262_144,
  /** Parts of an apply that never became visible are removed after this. */
  orphanPartMs: 3_600_000,
  /** They are looked for this often: nobody waits for it. */
  orphanSweepMs: 600_000,

  /** Between two snapshots in an evaluator's folder, however much changes, and between attempts while its disk refuses. */
  cacheSnapshotMs: 60_000,
  /** Records after the newest of them: a minute's changes at the most, and what a restart reads at the most. */
  cacheTailBytesMax: 67_108_864,
  /** What is larger was not written by us: a snapshot of 100,000 flags has about 100 MB. */
  cacheFileBytesMax: 2_000_000_000,
} as const;

export type LimitName = keyof typeof LIMITS;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new RangeError(`limits contradict each other: ${relation}`);
}
assertRelation(LIMITS.entityBytesMax < LIMITS.recordBytesMax, 'an entity fits into a record');
assertRelation(LIMITS.recordBytesMax < LIMITS.streamMessageBytesMax, 'a record fits into the stream');
assertRelation(LIMITS.partBytesMax < LIMITS.entityBytesMax, 'a part is an entity');
assertRelation(LIMITS.contextBytesMax < LIMITS.evaluationRequestBytesMax, 'a context fits into a request');
assertRelation(
  100 * LIMITS.batchEvaluationsMax <= LIMITS.batchAnswerBytesMax,
  'a whole batch of small values fits into an answer',
);
assertRelation(
  2 * LIMITS.contextBytesMax < LIMITS.streamedRequestBytesMax,
  'a context fits into a message of a stream',
);
assertRelation(LIMITS.turnCallsMs < LIMITS.turnCallsMsAtFirst, 'a refusal makes impatient');
assertRelation(
  LIMITS.turnCallsMsAtFirst < LIMITS.turnCallsMsMax,
  'calls that came in a pause may take longer',
);
assertRelation(LIMITS.nackDetailBytesMax < LIMITS.syncRequestBytesMax, 'a refusal fits into a frame');
assertRelation(LIMITS.secondWriterMs > 2 * LIMITS.beaconMs, 'another control plane is heard at the start');
assertRelation(LIMITS.heartbeatMsMin <= LIMITS.heartbeatMs, 'the default heartbeat is allowed');
assertRelation(
  LIMITS.deltaWindowRevisions <= RECENT_HASHES_MAX,
  'revisions of the delta window are recognised',
);
assertRelation(LIMITS.cacheTailBytesMax < LIMITS.cacheFileBytesMax, 'a tail can be read again');
assertRelation(LIMITS.shipAckMs > LIMITS.natsAnswerMs, 'a write outwaits one lost answer of NATS');
assertRelation(LIMITS.readyStalenessMsMin > 2 * LIMITS.beaconMs, 'a healthy evaluator stays ready');
assertRelation(LIMITS.snapshotSilenceMs < LIMITS.snapshotFetchMs, 'a dead control plane is noticed');
assertRelation(LIMITS.pageSizeDefault <= LIMITS.pageSizeMax, 'the default page is allowed');
