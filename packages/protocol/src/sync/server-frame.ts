/**
 * Frames from server to client: read by clients, and the small ones written by
 * servers. Transfers, which many streams share, stand in transfer.ts.
 */
import type { Position, ServerFrame, SyncServerEffect, Welcome } from '@flagstream/replica';
import { revisionNumber } from '../codec.ts';
import type { StreamErrorCode as WireStreamErrorCode } from '../gen/flagstream/v1/stream.ts';
import {
  type Begin,
  DrainReason,
  SyncResponse,
  Intent as WireIntent,
  type Welcome as WireWelcome,
} from '../gen/flagstream/v1/stream.ts';
import {
  entityFromWire,
  freshnessFromWire,
  freshnessToWire,
  idFromWire,
  NOTHING,
  positionFromWire,
  positionToWire,
  reportPlaceFromWire,
  reportPlaceToWire,
} from './wire.ts';
import { INTENTS, STREAM_ERRORS } from './words.ts';

export function serverFrameFromWire(response: SyncResponse): ServerFrame {
  const { frame, ignorable } = response;
  switch (frame?.$case) {
    case 'welcome':
      return { type: 'welcome', welcome: welcomeFromWire(frame.value) };
    case 'begin':
      return { type: 'begin', ...beginFromWire(frame.value) };
    case 'items': {
      const { transferId, seq, put, remove } = frame.value;
      return {
        type: 'items',
        transferId: revisionNumber(transferId),
        seq,
        put: put.map(entityFromWire),
        remove: remove.map(idFromWire),
      };
    }
    case 'commit': {
      const { transferId, to, digestHi, digestLo, items } = frame.value;
      return {
        type: 'commit',
        transferId: revisionNumber(transferId),
        to: positionFromWire(to),
        digest: { hi: digestHi, lo: digestLo },
        items,
      };
    }
    case 'update': {
      const { begin, items, commit } = frame.value;
      if (begin === undefined || commit === undefined) return { type: 'unknown', ignorable: false };
      const to = positionFromWire(commit.to);
      const put = items?.put.map(entityFromWire) ?? [];
      const remove = items?.remove.map(idFromWire) ?? [];
      const digest = { hi: commit.digestHi, lo: commit.digestLo };
      const { kind, from, transferId, forked } = beginFromWire(begin);
      return {
        type: 'update',
        transfer: {
          ...{ transferId: transferId || to.revision, to, put, remove, digest, forked },
          kind: begin.kind === WireIntent.UNSPECIFIED && from !== undefined ? 'delta' : kind,
          from: from && { ...from, epoch: from.epoch || to.epoch },
        },
        // One frame has all of its items, or is none.
        items: commit.items || put.length + remove.length,
      };
    }
    case 'ping': {
      const { nonce, head, freshness, wantDigest, echoNonce, reconnectSpreadMs, reportSequence } =
        frame.value;
      return {
        type: 'ping',
        nonce: revisionNumber(nonce),
        head: positionFromWire(head),
        freshness: freshnessFromWire(freshness),
        wantDigest,
        echoNonce: revisionNumber(echoNonce),
        reconnectSpreadMs,
        reportSequence: revisionNumber(reportSequence),
      };
    }
    case 'drain': {
      const { reason, deadlineMs, reconnectMinMs, reconnectMaxMs } = frame.value;
      return {
        type: 'drain',
        reason: reason === DrainReason.REBALANCE ? 'rebalance' : 'shutdown',
        deadlineMs,
        reconnectMinMs,
        reconnectMaxMs,
      };
    }
    case 'error': {
      const { code, retryAfterMs, head, detail } = frame.value;
      return {
        type: 'error',
        code: STREAM_ERRORS.word(code),
        retryAfterMs,
        head: head === undefined ? undefined : positionFromWire(head),
        detail,
      };
    }
    default:
      return { type: 'unknown', ignorable };
  }
}

function beginFromWire(begin: Begin): {
  transferId: number;
  kind: 'delta' | 'full';
  from: Position | undefined;
  to: Position;
  forked: boolean;
} {
  const kind = INTENTS.word(begin.kind);
  return {
    transferId: revisionNumber(begin.transferId),
    kind: kind === 'delta' ? 'delta' : 'full',
    from: begin.from === undefined ? undefined : positionFromWire(begin.from),
    to: positionFromWire(begin.to),
    forked: begin.forked,
  };
}

function welcomeFromWire(welcome: WireWelcome): Welcome {
  const { proto, sessionId, node, reason, heartbeatMs, ackTimeoutMs, maxFrameBytes, sessionTtlMs } = welcome;
  return {
    proto,
    sessionId,
    node,
    head: positionFromWire(welcome.head),
    intent: INTENTS.word(welcome.intent),
    reason,
    heartbeatMs,
    ackTimeoutMs,
    maxFrameBytes,
    sessionTtlMs,
    reconnectSpreadMs: welcome.reconnectSpreadMs,
    place: welcome.place === undefined ? undefined : reportPlaceFromWire(welcome.place),
    freshness: freshnessFromWire(welcome.freshness),
    project: welcome.project,
    environment: welcome.environment,
    logIdentity: welcome.logIdentity,
  };
}

/** One frame as bytes. */
export function encodeFrame(frame: NonNullable<SyncResponse['frame']>): Buffer {
  return Buffer.from(SyncResponse.encode({ frame, ignorable: false }).finish());
}

export function encodeWelcome(welcome: Welcome): Buffer {
  const value: WireWelcome = {
    ...welcome,
    head: positionToWire(welcome.head),
    intent: INTENTS.wire(welcome.intent),
    filterId: NOTHING,
    place: welcome.place === undefined ? undefined : reportPlaceToWire(welcome.place),
    freshness: freshnessToWire(welcome.freshness),
  };
  return encodeFrame({ $case: 'welcome', value });
}

export function encodePing(ping: SyncServerEffect & { type: 'ping' }): Buffer {
  const value = {
    nonce: BigInt(ping.nonce),
    head: positionToWire(ping.head),
    freshness: freshnessToWire(ping.freshness),
    wantDigest: ping.wantDigest,
    echoNonce: BigInt(ping.echoNonce),
    reconnectSpreadMs: ping.reconnectSpreadMs,
    reportSequence: BigInt(ping.reportSequence),
  };
  return encodeFrame({ $case: 'ping', value });
}

export function encodeDrain(drain: Omit<ServerFrame & { type: 'drain' }, 'type'>): Buffer {
  const value = {
    reason: drain.reason === 'rebalance' ? DrainReason.REBALANCE : DrainReason.SHUTDOWN,
    deadlineMs: drain.deadlineMs,
    reconnectMinMs: drain.reconnectMinMs,
    reconnectMaxMs: drain.reconnectMaxMs,
    endpoints: [],
  };
  return encodeFrame({ $case: 'drain', value });
}

export function encodeStreamError(error: Omit<ServerFrame & { type: 'error' }, 'type'>): Buffer {
  const value = {
    code: STREAM_ERRORS.wire<WireStreamErrorCode>(error.code),
    retryAfterMs: error.retryAfterMs,
    head: error.head === undefined ? undefined : positionToWire(error.head),
    detail: error.detail,
  };
  return encodeFrame({ $case: 'error', value });
}

/** @throws when the bytes are not a frame. */
export function decodeServerFrame(bytes: Uint8Array): ServerFrame {
  return serverFrameFromWire(SyncResponse.decode(bytes));
}
