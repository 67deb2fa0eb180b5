/**
 * Frames from client to server.
 */
import type { ClientFrame, ReportPlace } from '@flagstream/replica';
import { revisionNumber } from '../codec.ts';
import { SyncRequest, type NackCode as WireNackCode } from '../gen/flagstream/v1/stream.ts';
import { haveFromWire, haveToWire, idFromWire, reportPlaceFromWire, reportPlaceToWire } from './wire.ts';
import { NACKS } from './words.ts';

/** One for all streams that had none before. */
const NONE: readonly ReportPlace[] = [];

export function clientFrameFromWire(request: SyncRequest): ClientFrame {
  const { frame, ignorable } = request;
  switch (frame?.$case) {
    case 'hello': {
      const {
        protoMin,
        protoMax,
        instanceId,
        sdk,
        filter,
        have,
        maxFrameBytes,
        heartbeatMs,
        attempt,
        lostStreams,
      } = frame.value;
      return {
        type: 'hello',
        hello: {
          protoMin,
          protoMax,
          instanceId,
          sdk: { name: sdk?.name ?? '', version: sdk?.version ?? '', language: sdk?.language ?? '' },
          have: haveFromWire(have),
          maxFrameBytes,
          heartbeatMs,
          attempt,
          filtered: filter !== undefined && Object.values(filter).some((members) => members.length > 0),
          lostStreams: lostStreams.length === 0 ? NONE : lostStreams.map(reportPlaceFromWire),
        },
      };
    }
    case 'ack': {
      const { transferId, have, applyUs } = frame.value;
      return { type: 'ack', transferId: revisionNumber(transferId), have: haveFromWire(have), applyUs };
    }
    case 'nack': {
      const { transferId, code, detail, bad, have } = frame.value;
      return {
        type: 'nack',
        transferId: revisionNumber(transferId),
        code: NACKS.word(code),
        detail,
        bad: bad.map(idFromWire),
        have: haveFromWire(have),
      };
    }
    case 'pong': {
      const { nonce, have, clientNonce } = frame.value;
      return {
        type: 'pong',
        nonce: revisionNumber(nonce),
        have: haveFromWire(have),
        clientNonce: revisionNumber(clientNonce),
      };
    }
    case 'bye':
      return { type: 'bye', reason: frame.value.reason, have: haveFromWire(frame.value.have) };
    default:
      return { type: 'unknown', ignorable };
  }
}

export function clientFrameToWire(frame: ClientFrame): SyncRequest {
  switch (frame.type) {
    case 'hello': {
      const { protoMin, protoMax, instanceId, sdk, have, maxFrameBytes, heartbeatMs, attempt, lostStreams } =
        frame.hello;
      const value = {
        protoMin,
        protoMax,
        instanceId,
        sdk: { ...sdk },
        filter: undefined,
        have: haveToWire(have),
        maxFrameBytes,
        heartbeatMs,
        capabilities: 0n,
        attempt,
        lostStreams: lostStreams.map(reportPlaceToWire),
      };
      return { frame: { $case: 'hello', value }, ignorable: false };
    }
    case 'ack': {
      const value = {
        transferId: BigInt(frame.transferId),
        have: haveToWire(frame.have),
        applyUs: frame.applyUs,
      };
      return { frame: { $case: 'ack', value }, ignorable: false };
    }
    case 'nack': {
      const value = {
        transferId: BigInt(frame.transferId),
        code: NACKS.wire<WireNackCode>(frame.code),
        detail: frame.detail,
        bad: frame.bad.map((id) => ({ ...id, version: BigInt(id.version) })),
        have: haveToWire(frame.have),
      };
      return { frame: { $case: 'nack', value }, ignorable: false };
    }
    case 'pong': {
      const value = {
        nonce: BigInt(frame.nonce),
        have: haveToWire(frame.have),
        clientNonce: BigInt(frame.clientNonce),
      };
      return { frame: { $case: 'pong', value }, ignorable: false };
    }
    case 'bye': {
      const value = { reason: frame.reason, have: haveToWire(frame.have) };
      return { frame: { $case: 'bye', value }, ignorable: false };
    }
    case 'unknown':
      return { frame: undefined, ignorable: frame.ignorable };
  }
}

/** One frame as bytes: for a client that frames by hand. */
export function encodeClientFrame(frame: ClientFrame): Buffer {
  return Buffer.from(SyncRequest.encode(clientFrameToWire(frame)).finish());
}
