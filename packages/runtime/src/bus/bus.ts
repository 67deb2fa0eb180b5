/**
 * What services see of NATS: the log stream of each epoch and its tail, heads
 * (told and asked for), reports of nodes, and snapshots. Nothing outside this folder imports nats.
 *
 * Holds true: no question to the server waits longer than a few seconds (a
 * snapshot is many questions); while NATS is away, calls reject with UNREACHABLE
 * (append answers `unknown`) and tails go on by themselves when it is back.
 */
import type { Position, Snapshot } from '@flagstream/replica';

export type AppendOutcome =
  /** The record is in the stream at this sequence. */
  | { readonly kind: 'ok'; readonly seq: number }
  /** The stream ends elsewhere; nothing was written. */
  | { readonly kind: 'conflict'; readonly lastSeq: number }
  /** It may have been written, or may still be: append the same bytes at the same place again. */
  | { readonly kind: 'unknown'; readonly detail: string }
  /** It was not written and will not be. */
  | { readonly kind: 'refused'; readonly detail: string };

export interface LogStreamInfo {
  /** Oldest sequence that is still there. */
  readonly firstSeq: number;
  /** 0 when nothing was ever written. */
  readonly lastSeq: number;
  /** What the records that are still there take, in bytes. */
  readonly bytes: number;
}

export interface TailStatus {
  readonly kind: 'live' | 'down' | 'missing-stream';
  readonly detail: string;
}

export interface TailListener {
  /**
   * In order of sequence. A jump forward means that records fell out of the
   * stream before they could be read; a step back, that the stream was rewound
   * or made anew: what is there now is delivered, whatever was before.
   */
  record(seq: number, bytes: Uint8Array): void;
  status(status: TailStatus): void;
}

export interface Tail {
  close(): Promise<void>;
}

export interface BusStatus {
  readonly kind: 'connected' | 'disconnected' | 'reconnected';
  readonly detail: string;
}

export interface Bus {
  /** Of the server connected last; empty before the first connection. */
  readonly serverVersion: string;
  readonly connected: boolean;

  /**
   * Creates the epoch's stream, or brings its settings in line and its size to `maxBytes`. Idempotent.
   * Rejects with what the server says when it refuses, for example for lack of room.
   */
  ensureLogStream(epoch: number, maxBytes: number): Promise<void>;
  /** Undefined: there is no such stream. */
  logStreamInfo(epoch: number): Promise<LogStreamInfo | undefined>;
  /** Epochs that have a stream, ascending. */
  epochs(): Promise<number[]>;
  /**
   * Appends one record if the stream ends at `expectedLastSeq`. Calls may be
   * made without waiting for each other: they leave in order. Never rejects.
   */
  append(epoch: number, bytes: Uint8Array, expectedLastSeq: number): Promise<AppendOutcome>;
  /** Undefined: no record there, or no stream. */
  readRecord(epoch: number, seq: number): Promise<Uint8Array | undefined>;
  /**
   * Records from `startSeq` on, or the last one when the stream ends before it,
   * for ever, across reconnects and a stream that comes later.
   */
  tail(epoch: number, startSeq: number, listener: TailListener): Tail;

  /** Tells a head, as encodeHeadBeacon gives it. Soft state: dropped while NATS is away. */
  publishHead(bytes: Uint8Array): void;
  /** Returns how to stop. */
  onHead(listener: (bytes: Uint8Array) => void): () => void;
  /**
   * Answers requests for the head, with undefined not at all (a control plane
   * that must mislead nobody is silent). Returns how to stop.
   */
  answerHeads(answer: () => Uint8Array | undefined): () => void;
  /** Asks for the head. Rejects with UNREACHABLE or TIMEOUT when nobody answers in time. */
  askHead(): Promise<Uint8Array>;

  /** Tells what this node reports of itself; nobody says whether it was heard. @throws FlagstreamError UNREACHABLE */
  publishReport(nodeId: string, bytes: Uint8Array): void;
  /** The subject is the one of the node that told it: reportSubject. Returns how to stop. */
  onReport(listener: (subject: string, bytes: Uint8Array) => void): () => void;

  /** Writes a snapshot, chunks before the manifest, and removes all but the newest two. One at a time. */
  putSnapshot(snapshot: Snapshot): Promise<void>;
  /** Whether the snapshot of this position is listed: it is not when somebody removed it, or NATS was put back. */
  holdsSnapshot(position: Position): Promise<boolean>;
  /** The newest snapshot that is whole and that this release reads; undefined when there is none. */
  fetchSnapshot(): Promise<Snapshot | undefined>;

  /** Returns how to stop. */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /** Ends tails and the connection. */
  close(): Promise<void>;
}
