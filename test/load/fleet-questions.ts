// What a load process can be asked, and what it answers. Moments are the machine's (machine-clock.ts).

import type { Way } from './bare-stream.ts';
import type { ConnectLoadOptions } from './connect-load.ts';
import type { UnaryLoadOptions } from './unary-load.ts';

export interface ClientWay {
  readonly endpoints: readonly string[];
  readonly way: Way;
  /** Otherwise each at a random one. */
  readonly startAtFirst: boolean;
  /** Asked of the server; 0: its own. */
  readonly heartbeatMs: number;
}

export interface OpenClients extends ClientWay {
  readonly count: number;
  readonly namePrefix: string;
  readonly perSecond: number;
  /** All but the first begin with what the first was sent, as from a disk copy. */
  readonly seeded: boolean;
}

export type FleetQuestion =
  /** Answered at once. */
  | ({ readonly ask: 'open' } & OpenClients)
  | { readonly ask: 'open-watchers'; readonly endpoint: string; readonly count: number; readonly way: Way }
  /** Answered when it has a state. */
  | {
      readonly ask: 'open-witness';
      readonly endpoints: readonly string[];
      readonly way: Way;
      readonly instanceId: string;
    }
  | { readonly ask: 'counts'; readonly revision: number }
  | { readonly ask: 'deliveries'; readonly revision: number }
  | { readonly ask: 'connects' }
  /** Of the real SDK client, once it is at the revision. */
  | {
      readonly ask: 'wrong-values';
      readonly revision: number;
      readonly values: Readonly<Record<string, boolean>>;
    }
  /** Answers which. */
  | { readonly ask: 'freeze'; readonly count: number }
  | { readonly ask: 'thaw' }
  /** Their apply step fails from now on; answers which. */
  | { readonly ask: 'break'; readonly count: number }
  | { readonly ask: 'unary-load'; readonly options: UnaryLoadOptions }
  | ({ readonly ask: 'connect-load'; readonly options: ConnectLoadOptions } & ClientWay)
  | { readonly ask: 'close' };

/** Of all clients of a process, at this moment. */
export interface LoadCounts {
  readonly clients: number;
  /** Follow a server and have the revision in force. */
  readonly current: number;
  /** Have told a server so. */
  readonly confirmed: number;
  /** Frozen, with bytes that they have not looked at. */
  readonly holding: number;
  /** Of messages, since the beginning. */
  readonly receivedBytes: number;
  readonly transfers: number;
  /** Must be 0. */
  readonly regressions: number;
  /** Streams that were live and ended with no successor. */
  readonly losses: number;
  readonly watchersCurrent: number;
  readonly watchersEnded: number;
  readonly witnessCurrent: boolean;
}

/** Of the transfers that led to the revision. */
export interface Deliveries {
  readonly receivedMs: readonly number[];
  readonly confirmedMs: readonly number[];
}

export interface Connects {
  readonly attemptMs: readonly number[];
  /** Welcomed. */
  readonly admittedMs: readonly number[];
  readonly retryAfterMs: readonly number[];
  /** By reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Times that a server asked a client to move. */
  readonly drains: number;
}
