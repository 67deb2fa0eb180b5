/**
 * The seam between the push protocol and the network: one bidirectional stream
 * of encoded frames. grpc-dial.ts is the real one.
 */
import type { FlagstreamError } from '@flagstream/protocol';

export interface SyncStreamListener {
  /** One encoded SyncResponse. */
  message(bytes: Uint8Array): void;
  /** Exactly once, also when the stream never opened; absent: it ended without an error. */
  ended(error: FlagstreamError | undefined): void;
}

export interface SyncStream {
  /** One encoded SyncRequest. */
  send(bytes: Uint8Array): void;
  /** Nothing more will be sent. */
  end(): void;
  /** Ends at once and releases everything; `ended` follows if it has not been called. */
  cancel(): void;
}

/** Opens a stream to an endpoint. Never throws, never calls the listener before it returns. */
export type Dial = (endpoint: string, listener: SyncStreamListener) => SyncStream;
