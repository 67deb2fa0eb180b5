/**
 * The frames of the push protocol as the two sessions see them: numbers
 * instead of 64-bit wire integers, absent instead of empty. The codec stands
 * in the protocol package.
 */
import type { EntityId, VersionedEntity } from './entity.ts';
import type { Position } from './position.ts';

export const SYNC_PROTOCOL_VERSION = 1;

export interface Digest {
  readonly hi: bigint;
  readonly lo: bigint;
}

/** What a client holds. */
export interface Have {
  readonly position: Position;
  readonly digest: Digest;
  /** Which log the position belongs to. */
  readonly logIdentity: Uint8Array;
}

export type SourceState = 'live' | 'fallback' | 'stale-cache' | 'frozen' | 'diverged';

/** How old an answer can be. */
export interface Freshness {
  readonly stalenessMs: number;
  /** The bound lacks transit time. */
  readonly estimated: boolean;
  readonly source: SourceState;
}

export interface SdkInfo {
  readonly name: string;
  readonly version: string;
  readonly language: string;
}

/** When a stream was open: after this report of its node's process, and before the next one. */
export interface ReportPlace {
  readonly bootId: string;
  readonly sequence: number;
}

export interface Hello {
  readonly protoMin: number;
  readonly protoMax: number;
  readonly instanceId: string;
  readonly sdk: SdkInfo;
  readonly have: Have | undefined;
  readonly maxFrameBytes: number;
  /** 0: the server's default. */
  readonly heartbeatMs: number;
  readonly attempt: number;
  /** A filter with any member: not served yet. */
  readonly filtered: boolean;
  /** Streams before, that ended without a Bye. */
  readonly lostStreams: readonly ReportPlace[];
}

export type NackCode =
  | 'digest-mismatch'
  | 'decode'
  | 'unsupported'
  | 'apply'
  | 'too-large'
  | 'epoch-regression';

/** Who holds the stream, as its Hello says. */
export interface SyncPeer {
  readonly instanceId: string;
  readonly sdk: SdkInfo;
  /** Where this node was when the client came. */
  readonly joined: Position;
  /** Streams that it had before and that ended without a Bye. */
  readonly lostStreams: readonly ReportPlace[];
}

export interface Refusal {
  readonly code: NackCode;
  readonly detail: string;
}

export type ClientFrame =
  | { readonly type: 'hello'; readonly hello: Hello }
  | {
      readonly type: 'ack';
      readonly transferId: number;
      readonly have: Have | undefined;
      readonly applyUs: number;
    }
  | {
      readonly type: 'nack';
      readonly transferId: number;
      readonly code: NackCode;
      readonly detail: string;
      readonly bad: readonly (EntityId & { readonly version: number })[];
      readonly have: Have | undefined;
    }
  | {
      readonly type: 'pong';
      readonly nonce: number;
      readonly have: Have | undefined;
      readonly clientNonce: number;
    }
  /** `have` is what the client has in force, maybe by another stream. */
  | { readonly type: 'bye'; readonly reason: string; readonly have: Have | undefined }
  /** A frame of a newer protocol; to be ignored, or refused. */
  | { readonly type: 'unknown'; readonly ignorable: boolean };

export type Intent = 'none' | 'delta' | 'full';

export interface Welcome {
  readonly proto: number;
  readonly sessionId: string;
  readonly node: string;
  readonly head: Position;
  readonly intent: Intent;
  readonly reason: string;
  readonly heartbeatMs: number;
  readonly ackTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly sessionTtlMs: number;
  /** After a loss of the stream the client waits up to this before it connects again; the newest counts. */
  readonly reconnectSpreadMs: number;
  /** Absent: the node counts nobody. */
  readonly place: ReportPlace | undefined;
  readonly freshness: Freshness;
  readonly project: string;
  readonly environment: string;
  readonly logIdentity: Uint8Array;
}

/** A whole transfer, once its frames are together. */
export interface Transfer {
  readonly transferId: number;
  readonly kind: 'delta' | 'full';
  /** Absent for a full transfer. */
  readonly from: Position | undefined;
  readonly to: Position;
  readonly put: readonly VersionedEntity[];
  readonly remove: readonly EntityId[];
  readonly digest: Digest;
  /** The client's state was not on the server's lineage. */
  readonly forked: boolean;
}

export type StreamErrorCode = 'behind' | 'overloaded' | 'protocol' | 'not-ready' | 'unauthenticated';

export type ServerFrame =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | {
      readonly type: 'begin';
      readonly transferId: number;
      readonly kind: 'delta' | 'full';
      readonly from: Position | undefined;
      readonly to: Position;
      readonly forked: boolean;
    }
  | {
      readonly type: 'items';
      readonly transferId: number;
      readonly seq: number;
      readonly put: readonly VersionedEntity[];
      readonly remove: readonly EntityId[];
    }
  | {
      readonly type: 'commit';
      readonly transferId: number;
      readonly to: Position;
      readonly digest: Digest;
      readonly items: number;
    }
  | { readonly type: 'update'; readonly transfer: Transfer; readonly items: number }
  | {
      readonly type: 'ping';
      readonly nonce: number;
      readonly head: Position;
      readonly freshness: Freshness;
      readonly wantDigest: boolean;
      readonly echoNonce: number;
      readonly reconnectSpreadMs: number;
      /** Of the stream's place, as of now. */
      readonly reportSequence: number;
    }
  | {
      readonly type: 'drain';
      readonly reason: 'shutdown' | 'rebalance';
      readonly deadlineMs: number;
      readonly reconnectMinMs: number;
      readonly reconnectMaxMs: number;
    }
  | {
      readonly type: 'error';
      readonly code: StreamErrorCode;
      readonly retryAfterMs: number;
      readonly head: Position | undefined;
      readonly detail: string;
    }
  | { readonly type: 'unknown'; readonly ignorable: boolean };
