/**
 * The client's side of one Sync stream, as a reducer. The set that the client
 * evaluates by is swapped outside, by the `apply` effect; only when that is
 * done, and reported back, is the transfer acknowledged.
 *
 *   hello-sent -> syncing <-> live -> closed
 */
import { ClientSet } from './client-set.ts';
import type { EntityId, VersionedEntity } from './entity.ts';
import { bytesEqual, type Position } from './position.ts';
import type { Codec } from './record.ts';
import {
  type ClientFrame,
  type Freshness,
  type Hello,
  type NackCode,
  type ReportPlace,
  type SdkInfo,
  type ServerFrame,
  type StreamErrorCode,
  SYNC_PROTOCOL_VERSION,
  type Transfer,
  type Welcome,
} from './sync-frames.ts';

export interface SyncClientSettings {
  readonly instanceId: string;
  readonly sdk: SdkInfo;
  /** 0: the server's default. */
  readonly heartbeatMs: number;
  readonly frameBytesMax: number;
  readonly heartbeatsMissedMax: number;
  /** Entities of one transfer that are held before its commit. */
  readonly transferEntitiesMax: number;
  /** Longest wait for the server's Welcome. */
  readonly welcomeTimeoutMs: number;
}

export type SyncClientEffect =
  | { readonly type: 'send'; readonly frame: ClientFrame }
  /** Bring this set in force, then report `applied` or `apply-failed`. */
  | {
      readonly type: 'apply';
      readonly transfer: Transfer;
      readonly set: ClientSet;
      readonly touched: readonly EntityId[];
    }
  | { readonly type: 'welcomed'; readonly welcome: Welcome }
  /** The server vouches for the set in force at `head`. */
  | {
      readonly type: 'fresh';
      readonly head: Position;
      readonly freshness: Freshness;
      readonly provenMs: number | undefined;
    }
  | {
      readonly type: 'drain';
      readonly deadlineMs: number;
      readonly reconnectMinMs: number;
      readonly reconnectMaxMs: number;
    }
  | {
      readonly type: 'close';
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
      /** The server's own reason; absent when the client closes. */
      readonly code: StreamErrorCode | undefined;
    };

export type SyncClientEvent =
  /** lostStreams: streams before, that ended without a Bye. */
  | { readonly type: 'opened'; readonly attempt: number; readonly lostStreams?: readonly ReportPlace[] }
  | { readonly type: 'frame'; readonly frame: ServerFrame }
  | { readonly type: 'applied'; readonly transferId: number; readonly applyUs: number }
  | { readonly type: 'apply-failed'; readonly transferId: number; readonly detail: string }
  | { readonly type: 'tick' };

type Phase = 'idle' | 'hello-sent' | 'syncing' | 'live' | 'closed';

interface Assembly {
  readonly begin: ServerFrame & { type: 'begin' };
  readonly put: VersionedEntity[];
  readonly remove: EntityId[];
  nextSeq: number;
}

export class SyncClientSession {
  readonly #sha256: Codec['sha256'];
  readonly #settings: SyncClientSettings;
  #phase: Phase = 'idle';
  #set: ClientSet;
  /** Staged, waiting for the swap. */
  #applying: { readonly transferId: number; readonly set: ClientSet } | undefined;
  #assembly: Assembly | undefined;
  /** The last transfer was not taken: what the server says meanwhile may be of a time when it did not know. */
  #refused = false;
  #welcome: Welcome | undefined;
  #reconnectSpreadMs = 0;
  #place: ReportPlace | undefined;
  #answered = false;
  #openedMs = 0;
  #heardMs = 0;
  /** Moments stamped by this client's own clock, by nonce: a staleness bound counts from them. */
  #clientNonce = 0;
  #stampedMs = 0;

  /** @param set what the client holds: from its disk copy, or empty */
  constructor(sha256: Codec['sha256'], settings: SyncClientSettings, set: ClientSet = ClientSet.empty()) {
    this.#sha256 = sha256;
    this.#settings = settings;
    this.#set = set;
  }

  get set(): ClientSet {
    return this.#set;
  }

  get live(): boolean {
    return this.#phase === 'live';
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  /** If the stream is lost now: the longest wait, chosen at random, before the next attempt. */
  get reconnectSpreadMs(): number {
    return this.#reconnectSpreadMs;
  }

  /** Where the stream was last known to be open; undefined until its Welcome, which may say nothing of it. */
  get place(): ReportPlace | undefined {
    return this.#place;
  }

  /** It has told the server that it knows of this stream. */
  get answered(): boolean {
    return this.#answered;
  }

  get deadlineMs(): number {
    switch (this.#phase) {
      case 'idle':
      case 'closed':
        return Number.POSITIVE_INFINITY;
      case 'hello-sent':
        return this.#openedMs + this.#settings.welcomeTimeoutMs;
      default:
        return this.#heardMs + (this.#welcome?.heartbeatMs ?? 0) * this.#settings.heartbeatsMissedMax;
    }
  }

  handle(event: SyncClientEvent, nowMs: number): readonly SyncClientEffect[] {
    if (this.#phase === 'closed') return [];
    switch (event.type) {
      case 'opened':
        return this.#opened(event, nowMs);
      case 'frame':
        this.#heardMs = nowMs;
        return this.#frame(event.frame, nowMs);
      case 'applied':
        return this.#applied(event.transferId, event.applyUs);
      case 'apply-failed':
        return this.#applyFailed(event.transferId, event.detail);
      case 'tick':
        return nowMs < this.deadlineMs ? [] : this.#close('the server is silent');
    }
  }

  #opened(
    { attempt, lostStreams = [] }: SyncClientEvent & { readonly type: 'opened' },
    nowMs: number,
  ): readonly SyncClientEffect[] {
    this.#phase = 'hello-sent';
    this.#openedMs = nowMs;
    const { instanceId, sdk, heartbeatMs, frameBytesMax } = this.#settings;
    const hello: Hello = {
      protoMin: SYNC_PROTOCOL_VERSION,
      protoMax: SYNC_PROTOCOL_VERSION,
      instanceId,
      sdk,
      have: this.#set.have(),
      maxFrameBytes: frameBytesMax,
      heartbeatMs,
      attempt,
      filtered: false,
      lostStreams,
    };
    return [{ type: 'send', frame: { type: 'hello', hello } }];
  }

  #frame(frame: ServerFrame, nowMs: number): readonly SyncClientEffect[] {
    if (frame.type === 'unknown')
      return frame.ignorable ? [] : this.#close('the server sent a frame that this client does not know');
    if (frame.type === 'error')
      return this.#close(`${frame.code}: ${frame.detail}`, frame.retryAfterMs || undefined, frame.code);
    if (this.#phase === 'hello-sent' && frame.type !== 'welcome')
      return this.#close(`${frame.type} before welcome`);
    switch (frame.type) {
      case 'welcome':
        return this.#welcomed(frame.welcome);
      case 'begin':
        this.#assembly = { begin: frame, put: [], remove: [], nextSeq: 0 };
        return [];
      case 'items':
        return this.#items(frame);
      case 'commit':
        return this.#commit(frame);
      case 'update':
        return this.#stage(frame.transfer, frame.items);
      case 'ping':
        return this.#ping(frame, nowMs);
      case 'drain':
        return [
          {
            type: 'drain',
            deadlineMs: frame.deadlineMs,
            reconnectMinMs: frame.reconnectMinMs,
            reconnectMaxMs: frame.reconnectMaxMs,
          },
        ];
    }
  }

  #welcomed(welcome: Welcome): readonly SyncClientEffect[] {
    if (this.#phase !== 'hello-sent') return this.#close('a second welcome');
    this.#welcome = welcome;
    this.#reconnectSpreadMs = welcome.reconnectSpreadMs;
    this.#place = welcome.place;
    this.#phase = welcome.intent === 'none' ? 'live' : 'syncing';
    const welcomed: SyncClientEffect = { type: 'welcomed', welcome };
    if (welcome.intent !== 'none') return [welcomed];
    this.#bookmark(welcome.head);
    return [welcomed, this.#fresh(welcome.head, welcome.freshness, undefined)];
  }

  #items(frame: ServerFrame & { type: 'items' }): readonly SyncClientEffect[] {
    const assembly = this.#assembly;
    if (assembly === undefined || assembly.begin.transferId !== frame.transferId)
      return this.#close('items of no open transfer');
    if (frame.seq !== assembly.nextSeq) return this.#close('items out of order');
    assembly.nextSeq += 1;
    for (const entity of frame.put) assembly.put.push(entity);
    for (const id of frame.remove) assembly.remove.push(id);
    return assembly.put.length + assembly.remove.length > this.#settings.transferEntitiesMax
      ? this.#close('a transfer larger than this client takes')
      : [];
  }

  #commit(frame: ServerFrame & { type: 'commit' }): readonly SyncClientEffect[] {
    const assembly = this.#assembly;
    this.#assembly = undefined;
    if (assembly === undefined || assembly.begin.transferId !== frame.transferId)
      return this.#close('a commit of no open transfer');
    const { transferId, kind, from, forked } = assembly.begin;
    const { put, remove } = assembly;
    return this.#stage(
      { transferId, kind, from, to: frame.to, put, remove, digest: frame.digest, forked },
      frame.items,
    );
  }

  #stage(transfer: Transfer, items: number): readonly SyncClientEffect[] {
    if (this.#applying !== undefined) return this.#close('a transfer while another one is open');
    if (items !== transfer.put.length + transfer.remove.length)
      return [this.#nack(transfer.transferId, 'decode', 'the transfer is not complete')];
    const outcome = this.#set.stage(this.#sha256, transfer, this.#welcome?.logIdentity ?? new Uint8Array(0));
    if (outcome.kind === 'refused') return [this.#nack(transfer.transferId, outcome.code, outcome.detail)];
    this.#applying = { transferId: transfer.transferId, set: outcome.set };
    return [{ type: 'apply', transfer, set: outcome.set, touched: outcome.touched }];
  }

  #applied(transferId: number, applyUs: number): readonly SyncClientEffect[] {
    if (this.#applying?.transferId !== transferId) return [];
    this.#set = this.#applying.set;
    this.#applying = undefined;
    this.#refused = false;
    this.#phase = 'live';
    this.#answered = true;
    const ack: ClientFrame = { type: 'ack', transferId, have: this.#set.have(), applyUs };
    return [{ type: 'send', frame: ack }];
  }

  #applyFailed(transferId: number, detail: string): readonly SyncClientEffect[] {
    if (this.#applying?.transferId !== transferId) return [];
    this.#applying = undefined;
    return [this.#nack(transferId, 'apply', detail)];
  }

  #nack(transferId: number, code: NackCode, detail: string): SyncClientEffect {
    this.#refused = true;
    const have = this.#set.have();
    return { type: 'send', frame: { type: 'nack', transferId, code, detail, bad: [], have } };
  }

  #ping(frame: ServerFrame & { type: 'ping' }, nowMs: number): readonly SyncClientEffect[] {
    this.#reconnectSpreadMs = frame.reconnectSpreadMs;
    if (this.#place !== undefined) this.#place = { ...this.#place, sequence: frame.reportSequence };
    this.#answered = true;
    const provenMs =
      frame.echoNonce !== 0 && frame.echoNonce === this.#clientNonce ? this.#stampedMs : undefined;
    this.#clientNonce += 1;
    this.#stampedMs = nowMs;
    const moved = this.#bookmark(frame.head);
    const pong: ClientFrame = {
      type: 'pong',
      nonce: frame.nonce,
      have: this.#set.have(),
      clientNonce: this.#clientNonce,
    };
    const effects: SyncClientEffect[] = [{ type: 'send', frame: pong }];
    if (moved && this.#phase === 'live') effects.unshift(this.#fresh(frame.head, frame.freshness, provenMs));
    return effects;
  }

  /** Everything up to `head` was sent: the set in force stands for that revision too. */
  #bookmark(head: Position): boolean {
    const held = this.#set.position;
    const lacks = this.#applying !== undefined || this.#assembly !== undefined || this.#refused;
    if (held === undefined || lacks || this.#phase !== 'live') return false;
    if (head.epoch !== held.epoch || head.revision < held.revision) return false;
    // Two records of one revision: this head was told of a branch that the last transfer has left.
    if (head.revision === held.revision) return bytesEqual(head.hash, held.hash);
    this.#set = this.#set.at(head);
    return true;
  }

  #fresh(head: Position, freshness: Freshness, provenMs: number | undefined): SyncClientEffect {
    return { type: 'fresh', head, freshness, provenMs };
  }

  #close(reason: string, retryAfterMs?: number, code?: StreamErrorCode): readonly SyncClientEffect[] {
    this.#phase = 'closed';
    return [{ type: 'close', reason, retryAfterMs, code }];
  }
}
