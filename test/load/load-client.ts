// A thin client of Sync: the SDK's own connector (sessions, reconnection, drains, retry delays) over a bare HTTP/2
// connection, and nothing that evaluates. It decodes every frame, checks every transfer, and acknowledges once the set
// is in force.

import { decodeServerFrame, type FlagstreamError, LIMITS } from '@flagstream/protocol';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type ClientSet, comparePositions, isBefore, type Position } from '@flagstream/replica';
import { systemClock } from '../../packages/client/src/clock.ts';
import type { Scope } from '../../packages/client/src/state/scope.ts';
import { SyncConnector, type SyncHost } from '../../packages/client/src/sync/sync-connector.ts';
import type { SyncStream, SyncStreamListener } from '../../packages/client/src/sync/sync-stream.ts';
import { BareStream, type Way } from './bare-stream.ts';
import type { Inbox } from './inbox.ts';
import { machineMs } from './machine-clock.ts';

export interface LoadClientOptions {
  readonly instanceId: string;
  /** host:port each. */
  readonly endpoints: readonly string[];
  /** Otherwise at a random one, as the SDK does. */
  readonly startAtFirst: boolean;
  readonly way: Way;
  readonly heartbeatMs: number;
  /** What it begins with: nothing, or a set as from a disk copy. */
  readonly held: ClientSet;
  readonly inbox: Inbox;
  readonly tally: ConnectTally;
  /** Every message, as it comes. */
  readonly tap?: (bytes: Buffer) => void;
  /** It follows a server, from now on or again. */
  readonly live?: () => void;
}

/** When connections were attempted and admitted, and what was said to those that were not: of all clients of a process. */
export class ConnectTally {
  readonly attemptMs: number[] = [];
  readonly admittedMs: number[] = [];
  readonly retryAfterMs: number[] = [];
  readonly failures = new Map<string, number>();
  drains = 0;

  failed({ reason, message, retryAfterMs }: FlagstreamError): void {
    const why = `${reason}: ${message.replace(/[0-9.:]+$/, '')}`;
    this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
    if (retryAfterMs !== undefined) this.retryAfterMs.push(retryAfterMs);
  }
}

/** One transfer at one client, by the machine's clock. */
export interface Delivery {
  readonly revision: number;
  readonly receivedMs: number;
  confirmedMs: number | undefined;
}

interface Arrival {
  readonly listener: SyncStreamListener;
  readonly bytes: Buffer;
  readonly receivedMs: number;
}

const TRANSFER_ENTITIES_MAX = 300_000;
/** A machine with ten thousand connections to open at once takes its time. */
const WELCOME_TIMEOUT_MS = 20_000;

export class LoadClient implements SyncHost {
  readonly instanceId: string;
  /** Its apply step fails. */
  broken = false;
  /** Bytes of messages that were not looked at yet. */
  heldBytes = 0;
  /** Since it began; messages with their heads, pings and all. */
  receivedBytes = 0;
  transfers = 0;
  /** Sets in force that were older than the one before, and that no server had withdrawn. */
  regressions = 0;
  /** Streams that were live and ended with no successor. */
  losses = 0;
  delivery: Delivery | undefined;
  readonly #options: LoadClientOptions;
  readonly #connector: SyncConnector;
  #set: ClientSet;
  #confirmed: Position | undefined;
  #live = false;
  /** The next frame that it would send cuts the stream instead. */
  #silent = false;
  #frozen: Arrival[] | undefined;
  #receivedMs = 0;
  /** In force, and not said yet. */
  #unsaid = false;

  constructor(options: LoadClientOptions) {
    const { instanceId, endpoints, heartbeatMs, startAtFirst } = options;
    this.#options = options;
    this.instanceId = instanceId;
    this.#set = options.held;
    // The connector's first draw chooses the endpoint.
    let draws = 0;
    const random = (): number => (startAtFirst && draws++ === 0 ? 0 : Math.random());
    const settings = {
      instanceId,
      sdk: { name: 'load-client', version: '1.0.0', language: 'test' },
      heartbeatMs,
      frameBytesMax: LIMITS.syncFrameBytesMax,
      heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
      transferEntitiesMax: TRANSFER_ENTITIES_MAX,
      welcomeTimeoutMs: WELCOME_TIMEOUT_MS,
    };
    const dial = (endpoint: string, listener: SyncStreamListener): SyncStream =>
      this.#dial(endpoint, listener);
    this.#connector = new SyncConnector({ endpoints, settings, dial, clock: systemClock, random }, this);
    this.#connector.start();
  }

  get set(): ClientSet {
    return this.#set;
  }

  /** Follows a server, and has this revision in force, or a later one. */
  isCurrent(revision: number): boolean {
    return this.#live && (this.#set.position?.revision ?? 0) >= revision;
  }

  /** Has told a server so. */
  hasConfirmed(revision: number): boolean {
    return (this.#confirmed?.revision ?? 0) >= revision;
  }

  get isLive(): boolean {
    return this.#live;
  }

  /** What comes from now on is received and not looked at. */
  freeze(): void {
    this.#frozen ??= [];
  }

  /** Looks at what came meanwhile, in its order. */
  thaw(): void {
    const arrivals = this.#frozen ?? [];
    this.#frozen = undefined;
    this.heldBytes = 0;
    for (const arrival of arrivals) this.#take(arrival);
  }

  /** @param silently without a Bye: the connection is gone */
  close(silently = false): Promise<void> {
    this.#live = false;
    this.#silent = silently;
    return this.#connector.close('the load is over');
  }

  held(): ClientSet {
    return this.#set;
  }

  apply(_scope: Scope, set: ClientSet, _touched: unknown, withdrawn: Position | undefined): void {
    if (this.broken) throw new Error('the apply step is broken');
    this.#swap(set, withdrawn);
    this.transfers += 1;
    this.delivery = {
      revision: set.position?.revision ?? 0,
      receivedMs: this.#receivedMs,
      confirmedMs: undefined,
    };
    this.#unsaid = true;
  }

  /** Every ping's answer confirms it. */
  fresh(set: ClientSet): void {
    this.#swap(set, undefined);
    this.#confirmed = set.position;
  }

  live(): void {
    this.#live = true;
    this.#options.live?.();
  }

  down(): void {
    this.#live = false;
    this.losses += 1;
  }

  failed(error: FlagstreamError): void {
    this.#options.tally.failed(error);
  }

  reconnecting(_endpoint: string, _attempt: number, _delayMs: number, reason: string): void {
    if (reason === 'the server drains') this.#options.tally.drains += 1;
  }

  #swap(set: ClientSet, withdrawn: Position | undefined): void {
    const [before, after] = [this.#set.position, set.position];
    const isOlder = before !== undefined && after !== undefined && comparePositions(after, before) < 0;
    if (isOlder && withdrawn === undefined) this.regressions += 1;
    this.#set = set;
  }

  #dial(endpoint: string, listener: SyncStreamListener): SyncStream {
    const { way, inbox, tally, tap } = this.#options;
    tally.attemptMs.push(machineMs());
    let welcomed = false;
    const stream = new BareStream(endpoint, StreamServiceService.sync.path, way, {
      message: (bytes) => {
        const receivedMs = machineMs();
        this.receivedBytes += bytes.length;
        tap?.(bytes);
        if (!welcomed && decodeServerFrame(bytes).type === 'welcome') tally.admittedMs.push(receivedMs);
        welcomed = true;
        inbox.add(() => this.#arrived({ listener, bytes, receivedMs }));
      },
      ended: (error) => inbox.add(() => listener.ended(error)),
    });
    return {
      send: (bytes) => {
        if (this.#silent) {
          stream.cancel();
          return;
        }
        stream.send(bytes);
        this.#said();
      },
      end: () => stream.end(),
      cancel: () => stream.cancel(),
    };
  }

  #arrived(arrival: Arrival): void {
    if (this.#frozen === undefined) {
      this.#take(arrival);
      return;
    }
    this.heldBytes += arrival.bytes.length;
    this.#frozen.push(arrival);
  }

  #take({ listener, bytes, receivedMs }: Arrival): void {
    this.#receivedMs = receivedMs;
    listener.message(bytes);
  }

  /** The frame that follows a set's coming in force is its acknowledgement. */
  #said(): void {
    if (!this.#unsaid) return;
    this.#unsaid = false;
    const { position } = this.#set;
    if (position !== undefined && isBefore(this.#confirmed, position)) this.#confirmed = position;
    if (this.delivery !== undefined) this.delivery.confirmedMs = machineMs();
  }
}
