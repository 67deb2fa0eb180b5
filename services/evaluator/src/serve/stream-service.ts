/** flagstream.v1.StreamService as the host serves it. */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '@flagstream/protocol';
import { StreamServiceService, type SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { SyncServerSession, type SyncServerSettings } from '@flagstream/replica';
import { bidi, type CallContext, passThrough, type ServiceBinding } from '@flagstream/runtime';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { inTurn, type StreamAdmission } from '../admission/stream-admission.ts';
import type { ChangeFanout } from '../fanout/change-fanout.ts';
import type { FullTransferGate } from '../fanout/full-transfer-gate.ts';
import { ServedEnvironment } from '../fanout/served-environment.ts';
import type { StreamRegistry } from '../fanout/stream-registry.ts';
import { SyncStream } from '../fanout/sync-stream.ts';
import type { TickWheel } from '../fanout/tick-wheel.ts';
import type { TransferCache } from '../fanout/transfer-cache.ts';
import type { DeliveryLedger } from '../report/delivery-ledger.ts';
import { boundedMessage } from './bounded-message.ts';
import type { Serving } from './serving.ts';

export interface StreamServiceParts {
  readonly serving: Serving;
  readonly fanout: ChangeFanout;
  readonly wheel: TickWheel;
  readonly transfers: TransferCache;
  readonly gate: FullTransferGate;
  readonly admission: StreamAdmission;
  readonly streams: StreamRegistry;
  readonly delivery: DeliveryLedger;
  readonly nodeId: string;
  readonly heartbeatMs: number;
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export function streamService(parts: StreamServiceParts): ServiceBinding {
  return {
    definition: passThrough({ sync: boundedFrames(StreamServiceService.sync) }, ['sync']),
    policy: { sync: 'sync' },
    handlers: {
      sync: bidi<SyncRequest, Buffer>((call, context) =>
        inTurn(parts.admission, call, () => sync(parts, call, context)),
      ),
    },
  };
}

/** The host takes requests of the size of a batch; no frame has it, and many streams may each hold one. */
function boundedFrames(method: typeof StreamServiceService.sync): typeof StreamServiceService.sync {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer): SyncRequest =>
      method.requestDeserialize(boundedMessage('frame', bytes, LIMITS.syncRequestBytesMax)),
  };
}

function sync(
  parts: StreamServiceParts,
  call: ServerDuplexStream<SyncRequest, Buffer>,
  context: CallContext,
): void {
  const { serving, fanout, wheel, transfers, gate, streams, delivery, monotonicMs } = parts;
  const environment = serving.environment(context.principal);
  const settings = sessionSettings(parts);
  const session = new SyncServerSession(new ServedEnvironment(environment, serving), settings, monotonicMs());
  const ledger = delivery.of(environment.scope);
  ledger.changed(serving.changedPlace(environment), monotonicMs());
  const stream = new SyncStream({
    ledger,
    sink: call,
    session,
    environment,
    transfers,
    gate,
    logger: () => context.logger.child({ session: settings.sessionId }),
    monotonicMs,
    head: () => serving.position(),
    onClose: (reason) => {
      fanout.remove(environment, stream);
      wheel.remove(stream);
      streams.remove(stream, reason);
    },
    onDiverged: () => streams.diverged(),
  });
  fanout.add(environment, stream);
  wheel.add(stream);
  streams.add(stream);
  call.on('data', (request: SyncRequest) => stream.receive(request));
  call.on('end', () => stream.left('ended'));
  call.once('cancelled', () => stream.left('cancelled'));
}

function sessionSettings({
  nodeId,
  heartbeatMs,
  streams,
  delivery,
  admission,
  random,
}: StreamServiceParts): SyncServerSettings {
  return {
    node: nodeId,
    bootId: delivery.bootId,
    reportSequence: () => delivery.sequence,
    sessionId: randomUUID(),
    helloTimeoutMs: LIMITS.helloTimeoutMs,
    heartbeatMs,
    heartbeatMsMin: LIMITS.heartbeatMsMin,
    heartbeatMsMax: LIMITS.heartbeatMsMax,
    heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
    ackTimeoutMs: LIMITS.ackTimeoutMs,
    nackRetryMs: LIMITS.nackRetryMs,
    frameBytesMax: LIMITS.syncFrameBytesMax,
    sessionTtlMs: LIMITS.sessionTtlMs,
    rebalanceMs: LIMITS.rebalanceMs,
    reconnectSpreadMs: () => admission.spreadMs(streams.size),
    random,
  };
}
