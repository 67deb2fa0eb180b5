/** What a server's session is told, and what it asks for. sync-server.ts is the session. */
import type { Position } from './position.ts';
import type { ClientFrame, Hello, Refusal, ServerFrame } from './sync-frames.ts';

export interface SyncServerSettings {
  readonly node: string;
  readonly sessionId: string;
  readonly helloTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly heartbeatMsMin: number;
  readonly heartbeatMsMax: number;
  readonly heartbeatsMissedMax: number;
  readonly ackTimeoutMs: number;
  /** What was refused is sent again after this. */
  readonly nackRetryMs: number;
  readonly frameBytesMax: number;
  /** Age at which a client is asked to connect again, elsewhere if it can: connections spread over new nodes. */
  readonly sessionTtlMs: number;
  /** What a client has then until its stream is ended. */
  readonly rebalanceMs: number;
  /** Of the process, as its reports name it. */
  readonly bootId: string;
  /** Of the newest report that counted the clients of this process. */
  readonly reportSequence: () => number;
  /** Time over which the clients of this node would come back if it ended now. */
  readonly reconnectSpreadMs: () => number;
  /** Uniform in [0, 1): spreads pings by ±10 %, ages by ±20 %. */
  readonly random: () => number;
}

/** What a client asks for, within what the server allows; 0: the server's default. */
export function heartbeatMsFor(
  { heartbeatMs }: Hello,
  settings: Pick<SyncServerSettings, 'heartbeatMs' | 'heartbeatMsMin' | 'heartbeatMsMax'>,
): number {
  if (heartbeatMs === 0) return settings.heartbeatMs;
  return Math.min(settings.heartbeatMsMax, Math.max(settings.heartbeatMsMin, heartbeatMs));
}

export type CloseReason =
  | 'hello-timeout'
  | 'ack-timeout'
  | 'silent'
  | 'protocol'
  | 'unsupported-version'
  | 'behind'
  | 'not-ready'
  | 'overloaded'
  | 'digest-mismatch'
  | 'draining'
  | 'bye';

export type SyncServerEffect =
  | (ServerFrame & { readonly type: 'welcome' | 'ping' | 'drain' })
  /** A full transfer waits for its turn: to be answered by `turn`. */
  | { readonly type: 'ask-turn' }
  /** Bring the client from `from` (absent: from nothing) to the head. */
  | (Omit<ServerFrame & { readonly type: 'begin' }, 'type'> & { readonly type: 'transfer' })
  /** The client has this revision in force. */
  | { readonly type: 'confirmed'; readonly position: Position }
  | ({ readonly type: 'refused' } & Refusal)
  | { readonly type: 'diverged'; readonly position: Position }
  | { readonly type: 'close'; readonly reason: CloseReason; readonly detail: string };

export type SyncServerEvent =
  | { readonly type: 'frame'; readonly frame: ClientFrame }
  /** The environment's head moved. */
  | { readonly type: 'head' }
  /** The connection has taken more of the open transfer: the client is there. */
  | { readonly type: 'drained' }
  /** The turn that was asked for; or too many wait for theirs. */
  | { readonly type: 'turn' | 'no-turn' }
  /** The process stops: the client has deadlineMs to move, and begins within reconnectMaxMs. */
  | { readonly type: 'stop'; readonly deadlineMs: number; readonly reconnectMaxMs: number }
  | { readonly type: 'tick' };
