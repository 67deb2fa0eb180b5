/**
 * Frames of the push protocol between the wire and replica's sessions, and
 * transfers as shared bytes: encoded once, written to every stream that needs
 * the same (from, to).
 */
import type {
  ClientFrame,
  Digest,
  EntityId,
  EntityKind,
  Freshness,
  Have,
  NackCode,
  Position,
  ServerFrame,
  SourceState,
  StateDelta,
  StreamErrorCode,
  SyncServerEffect,
  VersionedEntity,
  Welcome,
} from '@flagstream/replica';
import { revisionNumber } from './codec.ts';
import {
  type Freshness as WireFreshness,
  SourceState as WireSourceState,
} from './gen/flagstream/v1/evaluation.ts';
import type { Revision } from './gen/flagstream/v1/model.ts';
import {
  type Begin,
  DrainReason,
  type Entity,
  type EntityRef,
  SyncRequest,
  SyncResponse,
  type Have as WireHave,
  Intent as WireIntent,
  NackCode as WireNackCode,
  StreamErrorCode as WireStreamErrorCode,
  type Welcome as WireWelcome,
} from './gen/flagstream/v1/stream.ts';

/** Two-way table between a wire enum's numbers and our words. */
class Words<W extends string> {
  readonly #toWord: ReadonlyMap<number, W>;
  readonly #toWire: ReadonlyMap<W, number>;
  readonly #fallback: W;

  constructor(pairs: Readonly<Record<W, number>>, fallback: W) {
    const entries = Object.entries(pairs) as [W, number][];
    this.#toWord = new Map(entries.map(([word, wire]) => [wire, word]));
    this.#toWire = new Map(entries);
    this.#fallback = fallback;
  }

  word(wire: number): W {
    return this.#toWord.get(wire) ?? this.#fallback;
  }

  wire<N extends number>(word: W): N {
    return this.#toWire.get(word) as N;
  }
}

const SOURCES = new Words<SourceState>(
  {
    live: WireSourceState.LIVE,
    fallback: WireSourceState.FALLBACK,
    'stale-cache': WireSourceState.STALE_CACHE,
    frozen: WireSourceState.FROZEN,
    diverged: WireSourceState.DIVERGED,
  },
  'stale-cache',
);
const NACKS = new Words<NackCode>(
  {
    'digest-mismatch': WireNackCode.DIGEST_MISMATCH,
    decode: WireNackCode.DECODE,
    unsupported: WireNackCode.UNSUPPORTED,
    apply: WireNackCode.APPLY,
    'too-large': WireNackCode.TOO_LARGE,
    'epoch-regression': WireNackCode.EPOCH_REGRESSION,
  },
  'unsupported',
);
const STREAM_ERRORS = new Words<StreamErrorCode>(
  {
    behind: WireStreamErrorCode.BEHIND,
    overloaded: WireStreamErrorCode.OVERLOADED,
    protocol: WireStreamErrorCode.PROTOCOL,
    'not-ready': WireStreamErrorCode.NOT_READY,
    unauthenticated: WireStreamErrorCode.UNAUTHENTICATED,
  },
  'protocol',
);
const INTENTS = new Words<'none' | 'delta' | 'full'>(
  { none: WireIntent.NONE, delta: WireIntent.DELTA, full: WireIntent.FULL },
  'full',
);

const NOTHING = new Uint8Array(0);

export function positionToWire(position: Position): Revision {
  return { epoch: position.epoch, revision: BigInt(position.revision), hash: position.hash };
}

export function positionFromWire(revision: Revision | undefined): Position {
  if (revision === undefined) return { epoch: 0, revision: 0, hash: NOTHING };
  return { epoch: revision.epoch, revision: revisionNumber(revision.revision), hash: revision.hash };
}

export function freshnessToWire(freshness: Freshness): WireFreshness {
  return {
    stalenessMs: Math.round(freshness.stalenessMs),
    estimated: freshness.estimated,
    source: SOURCES.wire(freshness.source),
  };
}

export function freshnessFromWire(freshness: WireFreshness | undefined): Freshness {
  return {
    stalenessMs: freshness?.stalenessMs ?? 0,
    estimated: freshness?.estimated ?? true,
    source: SOURCES.word(freshness?.source ?? 0),
  };
}

function haveToWire(have: Have | undefined): WireHave | undefined {
  if (have === undefined) return undefined;
  return {
    rev: positionToWire(have.position),
    digestHi: have.digest.hi,
    digestLo: have.digest.lo,
    filterId: NOTHING,
    logIdentity: have.logIdentity,
  };
}

function haveFromWire(have: WireHave | undefined): Have | undefined {
  if (have?.rev === undefined) return undefined;
  return {
    position: positionFromWire(have.rev),
    digest: { hi: have.digestHi, lo: have.digestLo },
    logIdentity: have.logIdentity,
  };
}

function entityToWire({ change, version }: VersionedEntity): Entity {
  const { kind, project, environment, key, content, contentHash } = change;
  return { kind, project, environment, key, version: BigInt(version), content, contentHash };
}

function entityFromWire(entity: Entity): VersionedEntity {
  const { kind, project, environment, key, content, contentHash } = entity;
  return {
    change: {
      kind: kind as EntityKind,
      project,
      environment,
      key,
      deleted: false,
      content,
      contentHash,
      tags: [],
      clientVisible: false,
    },
    version: revisionNumber(entity.version),
  };
}

function idFromWire(ref: EntityRef): EntityId & { readonly version: number } {
  return {
    kind: ref.kind as EntityKind,
    project: ref.project,
    environment: ref.environment,
    key: ref.key,
    version: revisionNumber(ref.version),
  };
}

function refToWire({ change, version }: VersionedEntity): EntityRef {
  const { kind, project, environment, key } = change;
  return { kind, project, environment, key, version: BigInt(version) };
}

// ---- client to server ----

export function clientFrameFromWire(request: SyncRequest): ClientFrame {
  const { frame, ignorable } = request;
  switch (frame?.$case) {
    case 'hello': {
      const { sdk, filter, have, protoMin, protoMax, instanceId, maxFrameBytes, heartbeatMs, attempt } =
        frame.value;
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
      return { type: 'bye', reason: frame.value.reason };
    default:
      return { type: 'unknown', ignorable };
  }
}

export function clientFrameToWire(frame: ClientFrame): SyncRequest {
  switch (frame.type) {
    case 'hello': {
      const { protoMin, protoMax, instanceId, sdk, have, maxFrameBytes, heartbeatMs, attempt } = frame.hello;
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
    case 'bye':
      return { frame: { $case: 'bye', value: { reason: frame.reason } }, ignorable: false };
    case 'unknown':
      return { frame: undefined, ignorable: frame.ignorable };
  }
}

// ---- server to client ----

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
      return {
        type: 'update',
        transfer: {
          ...beginFromWire(begin),
          to: positionFromWire(commit.to),
          put: items?.put.map(entityFromWire) ?? [],
          remove: items?.remove.map(idFromWire) ?? [],
          digest: { hi: commit.digestHi, lo: commit.digestLo },
        },
        items: commit.items,
      };
    }
    case 'ping': {
      const { nonce, head, freshness, wantDigest, echoNonce } = frame.value;
      return {
        type: 'ping',
        nonce: revisionNumber(nonce),
        head: positionFromWire(head),
        freshness: freshnessFromWire(freshness),
        wantDigest,
        echoNonce: revisionNumber(echoNonce),
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
    freshness: freshnessFromWire(welcome.freshness),
    project: welcome.project,
    environment: welcome.environment,
    logIdentity: welcome.logIdentity,
  };
}

function encode(frame: NonNullable<SyncResponse['frame']>): Buffer {
  return Buffer.from(SyncResponse.encode({ frame, ignorable: false }).finish());
}

export function encodeWelcome(welcome: Welcome): Buffer {
  const value: WireWelcome = {
    ...welcome,
    head: positionToWire(welcome.head),
    intent: INTENTS.wire(welcome.intent),
    filterId: NOTHING,
    freshness: freshnessToWire(welcome.freshness),
  };
  return encode({ $case: 'welcome', value });
}

export function encodePing(ping: SyncServerEffect & { type: 'ping' }): Buffer {
  const value = {
    nonce: BigInt(ping.nonce),
    head: positionToWire(ping.head),
    freshness: freshnessToWire(ping.freshness),
    wantDigest: ping.wantDigest,
    echoNonce: BigInt(ping.echoNonce),
  };
  return encode({ $case: 'ping', value });
}

export function encodeDrain(drain: Omit<ServerFrame & { type: 'drain' }, 'type'>): Buffer {
  const value = {
    reason: drain.reason === 'rebalance' ? DrainReason.REBALANCE : DrainReason.SHUTDOWN,
    deadlineMs: drain.deadlineMs,
    reconnectMinMs: drain.reconnectMinMs,
    reconnectMaxMs: drain.reconnectMaxMs,
    endpoints: [],
  };
  return encode({ $case: 'drain', value });
}

export function encodeStreamError(error: Omit<ServerFrame & { type: 'error' }, 'type'>): Buffer {
  const value = {
    code: STREAM_ERRORS.wire<WireStreamErrorCode>(error.code),
    retryAfterMs: error.retryAfterMs,
    head: error.head === undefined ? undefined : positionToWire(error.head),
    detail: error.detail,
  };
  return encode({ $case: 'error', value });
}

/** What a transfer says beside its entities. */
export interface TransferHeader {
  readonly kind: 'delta' | 'full';
  readonly from: Position | undefined;
  readonly to: Position;
  readonly forked: boolean;
  /** Digest of the client's set once the transfer is in force. */
  readonly digest: Digest;
}

/**
 * A transfer as frames: one Update when it fits into a frame, otherwise Begin,
 * Items and Commit. The transfer's id is the revision that it leads to.
 */
export function encodeTransfer(
  header: TransferHeader,
  delta: StateDelta,
  frameBytesMax: number,
): readonly Buffer[] {
  const transferId = BigInt(header.to.revision);
  const items = delta.put.length + delta.remove.length;
  const begin: Begin = {
    transferId,
    kind: INTENTS.wire(header.kind),
    from: header.from === undefined ? undefined : positionToWire(header.from),
    to: positionToWire(header.to),
    items,
    bytes: BigInt(delta.put.reduce((sum, entity) => sum + entity.change.content.length, 0)),
    forked: header.forked,
  };
  const commit = {
    transferId,
    to: positionToWire(header.to),
    digestHi: header.digest.hi,
    digestLo: header.digest.lo,
    items,
  };
  const chunks = chunk(delta, frameBytesMax);
  if (chunks.length === 1) {
    const value = { begin, items: { transferId, seq: 0, ...chunks[0]! }, commit };
    return [encode({ $case: 'update', value })];
  }
  return [
    encode({ $case: 'begin', value: begin }),
    ...chunks.map((part, seq) => encode({ $case: 'items', value: { transferId, seq, ...part } })),
    encode({ $case: 'commit', value: commit }),
  ];
}

/** Bytes of an entity beside its content: ids, hash, tags; keys are at most 128 characters each. */
const ENTITY_OVERHEAD_BYTES = 480;

/** At least one chunk; an entity larger than a frame gets one of its own. */
function chunk(delta: StateDelta, bytesMax: number): readonly { put: Entity[]; remove: EntityRef[] }[] {
  let current: { put: Entity[]; remove: EntityRef[] } = { put: [], remove: [] };
  const chunks = [current];
  let bytes = ENTITY_OVERHEAD_BYTES;
  const room = (size: number): void => {
    if (bytes + size > bytesMax && current.put.length + current.remove.length > 0) {
      current = { put: [], remove: [] };
      chunks.push(current);
      bytes = 0;
    }
    bytes += size;
  };
  for (const entity of delta.remove) {
    room(ENTITY_OVERHEAD_BYTES);
    current.remove.push(refToWire(entity));
  }
  for (const entity of delta.put) {
    room(entity.change.content.length + ENTITY_OVERHEAD_BYTES);
    current.put.push(entityToWire(entity));
  }
  return chunks;
}

/** A client's frame as bytes, and a server's frame from bytes: for clients that frame by hand. */
export function encodeClientFrame(frame: ClientFrame): Buffer {
  return Buffer.from(SyncRequest.encode(clientFrameToWire(frame)).finish());
}

export function decodeServerFrame(bytes: Uint8Array): ServerFrame {
  return serverFrameFromWire(SyncResponse.decode(bytes));
}
