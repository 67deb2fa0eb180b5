/**
 * The server's side of one Sync stream, as a reducer: events in, effects out.
 * Sockets, timers and encoding stand outside, so that the same session runs in
 * the simulation. Its clock is monotonic.
 *
 *   await-hello -> live <-> (waiting <->) in-flight -> closed
 *
 * Holds true: at most one unacknowledged transfer per stream (its id is the
 * revision it leads to, so that streams can share its bytes); while one is open
 * a new revision only sets `dirty`; after a Nack nothing is sent again until
 * something changes, or a long time has passed. A client that is asked to move
 * is served until it has, or its time is over.
 */
import { bytesEqual, comparePositions, ORIGIN, type Position } from './position.ts';
import { RefusedTransfer } from './refused-transfer.ts';
import type { SyncEnvironment } from './sync-environment.ts';
import {
  type ClientFrame,
  type Digest,
  type Have,
  type Hello,
  type Intent,
  type Refusal,
  SYNC_PROTOCOL_VERSION,
  type SyncPeer,
  type Welcome,
} from './sync-frames.ts';
import {
  type CloseReason,
  heartbeatMsFor,
  type SyncServerEffect,
  type SyncServerEvent,
  type SyncServerSettings,
} from './sync-server-events.ts';
import { addsUp, chooseTransfer, DIGEST_DIFFERS, isSameDigest } from './transfer-choice.ts';

/** `waiting`: for the turn of a full transfer. */
type Phase = 'await-hello' | 'live' | 'waiting' | 'in-flight' | 'closed';

/** The SDK tells its digest with each Pong; who tells it only where it is wanted does so within 50 s at the default. */
const DIGEST_EVERY_PINGS = 5;
/** Ages differ by minutes already: streams that were opened together do not end together. */
const REBALANCE_SPREAD_MS = 1_000;
/** Below this a client that asks for small frames would only get more of them. */
const FRAME_BYTES_MIN = 16_384;

export class SyncServerSession {
  readonly #environment: SyncEnvironment;
  readonly #settings: SyncServerSettings;
  #phase: Phase = 'await-hello';
  /** The revision that the client is known to have, or to be brought to. */
  #cursor: Position | undefined;
  #acked: Position | undefined;
  #dirty = false;
  /** After a Nack: nothing is sent before this may be mended. */
  #refused: RefusedTransfer | undefined;
  #fullRetried = false;
  /** The client's set was another one and was replaced; it has not said yet that it adds up. */
  #replaced = false;
  #peer: SyncPeer | undefined;
  /** The newest report that was made before its Hello was taken. */
  #joinedReport = 0;
  #answered = false;
  #refusal: Refusal | undefined;
  /** What the client holds was withdrawn; it is told with each full transfer until it has taken one. */
  #forked = false;
  #transferId = 0;
  /** Of the set that the open transfer leads to: the environment may have moved on when its client has taken it. */
  #transferDigest: Digest | undefined;
  #sentMs = 0;
  #openedMs: number;
  #heardMs: number;
  #nextPingMs = Number.POSITIVE_INFINITY;
  /** When the client is asked to connect again, by the stream's age. */
  #agedMs = Number.POSITIVE_INFINITY;
  /** When it should have. */
  #movedMs = Number.POSITIVE_INFINITY;
  #heartbeatMs: number;
  #frameBytesMax: number;
  #nonce = 0;
  #clientNonce = 0;
  /** Of the log that the Welcome named. */
  #logIdentity: Uint8Array = ORIGIN.hash;

  constructor(environment: SyncEnvironment, settings: SyncServerSettings, nowMs: number) {
    this.#environment = environment;
    this.#settings = settings;
    this.#openedMs = nowMs;
    this.#heardMs = nowMs;
    this.#heartbeatMs = settings.heartbeatMs;
    this.#frameBytesMax = settings.frameBytesMax;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  /** A transfer is unacknowledged, or owed. */
  get owes(): boolean {
    return this.#phase === 'in-flight' || this.#phase === 'waiting' || this.#dirty;
  }

  /** The newest revision that the client has confirmed. */
  get acked(): Position | undefined {
    return this.#acked;
  }

  /** Undefined until its Hello was taken. */
  get peer(): SyncPeer | undefined {
    return this.#peer;
  }

  /** The client has said something since its Welcome: it knows of this stream. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Why the client did not take the newest transfer; undefined once it has taken another one. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** When anything was heard of the client, in ms of the caller's clock. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Largest frame that the client takes; an entity larger than that still gets one of its own. */
  get frameBytesMax(): number {
    return this.#frameBytesMax;
  }

  /** When `tick` has something to do, in ms of the caller's clock. */
  get deadlineMs(): number {
    if (this.#phase === 'closed') return Number.POSITIVE_INFINITY;
    if (this.#phase === 'await-hello') return this.#openedMs + this.#settings.helloTimeoutMs;
    return Math.min(this.#nextPingMs, this.#silentMs, this.#ackMs, this.#agedMs, this.#movedMs);
  }

  /** A client that takes in a large transfer says nothing meanwhile, but the connection takes its bytes. */
  get #silentMs(): number {
    return this.#heardMs + this.#heartbeatMs * this.#settings.heartbeatsMissedMax;
  }

  get #ackMs(): number {
    return this.#phase === 'in-flight'
      ? this.#sentMs + this.#settings.ackTimeoutMs
      : Number.POSITIVE_INFINITY;
  }

  handle(event: SyncServerEvent, nowMs: number): readonly SyncServerEffect[] {
    if (this.#phase === 'closed') return [];
    switch (event.type) {
      case 'frame':
        this.#heardMs = nowMs;
        return this.#frame(event.frame, nowMs);
      case 'head':
        return this.#headMoved(nowMs);
      case 'drained':
        this.#heardMs = nowMs;
        this.#sentMs = nowMs;
        return [];
      case 'turn':
        return this.#phase === 'waiting' ? this.#fullTransfer(nowMs) : [];
      case 'no-turn':
        return this.#close('overloaded', 'too many clients wait for everything at once');
      case 'stop':
        return this.#askToMove('shutdown', event.deadlineMs, event.reconnectMaxMs, nowMs);
      case 'tick':
        return this.#tick(nowMs);
    }
  }

  #frame(frame: ClientFrame, nowMs: number): readonly SyncServerEffect[] {
    if (frame.type === 'unknown')
      return frame.ignorable ? [] : this.#close('protocol', 'a frame that this server does not know');
    if (this.#phase === 'await-hello')
      return frame.type === 'hello'
        ? this.#hello(frame.hello, nowMs)
        : this.#close('protocol', `${frame.type} before hello`);
    switch (frame.type) {
      case 'hello':
        return this.#close('protocol', 'a second hello');
      case 'ack':
        return this.#ack(frame.transferId, frame.have, nowMs);
      case 'nack':
        return this.#nack(frame, nowMs);
      case 'pong':
        return this.#pong(frame);
      case 'bye':
        this.#leave(frame.have);
        return this.#close('bye', frame.reason);
    }
  }

  #hello(hello: Hello, nowMs: number): readonly SyncServerEffect[] {
    if (hello.protoMin > SYNC_PROTOCOL_VERSION || hello.protoMax < SYNC_PROTOCOL_VERSION)
      return this.#close('unsupported-version', `this server speaks version ${SYNC_PROTOCOL_VERSION}`);
    if (hello.filtered) return this.#close('protocol', 'filters are not served by this release');
    const head = this.#environment.head();
    if (head.revision === 0) return this.#close('not-ready', 'this node has no state yet');
    this.#heartbeatMs = heartbeatMsFor(hello, this.#settings);
    if (hello.maxFrameBytes > 0)
      this.#frameBytesMax = Math.min(this.#frameBytesMax, Math.max(FRAME_BYTES_MIN, hello.maxFrameBytes));
    const choice = chooseTransfer(this.#environment, hello.have);
    if (choice.intent === 'behind') return this.#close('behind', choice.reason);
    this.#phase = 'live';
    this.#logIdentity = this.#environment.logIdentity();
    this.#schedulePing(nowMs);
    this.#agedMs = nowMs + this.#settings.sessionTtlMs * (0.8 + 0.4 * this.#settings.random());
    const { sdk, lostStreams } = hello;
    // Who has no name is counted by its stream.
    const instanceId = hello.instanceId || this.#settings.sessionId;
    this.#peer = { instanceId, sdk, joined: head, lostStreams };
    this.#joinedReport = this.#settings.reportSequence();
    const welcome: SyncServerEffect = {
      type: 'welcome',
      welcome: this.#welcome(choice.intent, choice.reason, head, nowMs),
    };
    if (choice.intent === 'none') {
      this.#cursor = head;
      this.#acked = head;
      return [welcome, { type: 'confirmed', position: head }];
    }
    const from = choice.intent === 'delta' ? hello.have?.position : undefined;
    this.#acked = from;
    const next = from === undefined ? this.#askTurn(choice.forked) : this.#transfer(from, nowMs);
    if (choice.reason !== DIGEST_DIFFERS || hello.have === undefined) return [welcome, next];
    this.#replaced = true;
    return [welcome, { type: 'diverged', position: hello.have.position }, next];
  }

  #welcome(intent: Intent, reason: string, head: Position, nowMs: number): Welcome {
    const { node, sessionId, ackTimeoutMs, sessionTtlMs } = this.#settings;
    const env = this.#environment;
    return {
      proto: SYNC_PROTOCOL_VERSION,
      sessionId,
      node,
      head,
      intent,
      reason,
      heartbeatMs: this.#heartbeatMs,
      ackTimeoutMs,
      maxFrameBytes: this.#frameBytesMax,
      sessionTtlMs,
      reconnectSpreadMs: this.#settings.reconnectSpreadMs(),
      place: { bootId: this.#settings.bootId, sequence: this.#joinedReport },
      freshness: env.freshness(nowMs),
      project: env.project,
      environment: env.environment,
      logIdentity: env.logIdentity(),
    };
  }

  /** The client is brought to the head by a delta, or from nothing. */
  #transfer(from: Position | undefined, nowMs: number): SyncServerEffect {
    const to = this.#environment.head();
    this.#phase = 'in-flight';
    this.#dirty = false;
    this.#cursor = to;
    this.#transferId = to.revision;
    this.#transferDigest = this.#environment.digest();
    this.#sentMs = nowMs;
    if (from !== undefined) this.#forked = false;
    const kind = from === undefined ? 'full' : 'delta';
    return { type: 'transfer', transferId: this.#transferId, kind, from, to, forked: this.#forked };
  }

  /** What leads to the head is everything: a node sends that to so many at a time. */
  #askTurn(forked: boolean): SyncServerEffect {
    this.#phase = 'waiting';
    this.#forked ||= forked;
    return { type: 'ask-turn' };
  }

  #fullTransfer(nowMs: number): readonly SyncServerEffect[] {
    return this.#followsAnotherLog ? this.#askToComeBack() : [this.#transfer(undefined, nowMs)];
  }

  #headMoved(nowMs: number): readonly SyncServerEffect[] {
    if (this.#phase === 'await-hello') return [];
    if (this.#phase === 'in-flight' || this.#phase === 'waiting') {
      this.#dirty = true;
      return [];
    }
    return this.#advance(nowMs);
  }

  /** Live and something may have changed: send it, or move the cursor over it. */
  #advance(nowMs: number): readonly SyncServerEffect[] {
    this.#dirty = false;
    if (this.#followsAnotherLog) return this.#askToComeBack();
    const env = this.#environment;
    const changed = env.changedRevision();
    const cursor = this.#cursor;
    if (this.#refused?.mayBeMended(env, nowMs) === false) return [];
    // A cursor off the lineage has a revision that says nothing: the node itself had taken a branch.
    const untouched = cursor !== undefined && changed <= cursor.revision && cursor.epoch === env.head().epoch;
    if (untouched && env.canDelta(cursor)) {
      this.#cursor = env.head();
      return [];
    }
    this.#refused = undefined;
    const from = this.#acked;
    return from !== undefined && env.canDelta(from)
      ? [this.#transfer(from, nowMs)]
      : [this.#askTurn(from !== undefined && env.hasWithdrawn(from))];
  }

  /** A stream stands for one log, which its Welcome names: what the client holds of another one is no start. */
  get #followsAnotherLog(): boolean {
    return !bytesEqual(this.#environment.logIdentity(), this.#logIdentity);
  }

  #askToComeBack(): readonly SyncServerEffect[] {
    return this.#close('not-ready', 'this node follows another log now: connect again');
  }

  #ack(transferId: number, have: Have | undefined, nowMs: number): readonly SyncServerEffect[] {
    if (this.#phase !== 'in-flight' || transferId !== this.#transferId || this.#cursor === undefined)
      return this.#close('protocol', 'an acknowledgement of no open transfer');
    if (have === undefined || comparePositions(have.position, this.#cursor) !== 0)
      return this.#close('protocol', 'the acknowledgement names another revision');
    if (this.#transferDigest === undefined || !isSameDigest(this.#transferDigest, have.digest))
      return this.#mend(have);
    this.#answered = true;
    this.#phase = 'live';
    this.#acked = this.#cursor;
    this.#fullRetried = false;
    this.#forked = false;
    this.#refusal = undefined;
    const confirmed: SyncServerEffect = { type: 'confirmed', position: this.#cursor };
    return [confirmed, ...this.#advance(nowMs)];
  }

  #nack(frame: ClientFrame & { type: 'nack' }, nowMs: number): readonly SyncServerEffect[] {
    if (this.#phase !== 'in-flight' || frame.transferId !== this.#transferId)
      return this.#close('protocol', 'a refusal of no open transfer');
    this.#refusal = { code: frame.code, detail: frame.detail };
    const refused: SyncServerEffect = { type: 'refused', ...this.#refusal };
    if (frame.code === 'epoch-regression')
      return [refused, ...this.#close('behind', 'the client holds a later revision than this node')];
    this.#phase = 'live';
    if (frame.code === 'digest-mismatch') {
      if (this.#fullRetried)
        return [refused, ...this.#close('digest-mismatch', 'a full transfer did not add up either')];
      this.#fullRetried = true;
      return [refused, this.#askTurn(false)];
    }
    // What changed since the refused transfer may mend it.
    this.#refused = new RefusedTransfer(this.#cursor ?? ORIGIN, nowMs + this.#settings.nackRetryMs);
    this.#cursor = this.#acked;
    return [refused, ...this.#advance(nowMs)];
  }

  /** A client that moved may have got by its other stream what it owed here. */
  #leave(have: Have | undefined): void {
    if (have === undefined || !this.#environment.canDelta(have.position)) return;
    if (this.#acked === undefined || comparePositions(have.position, this.#acked) > 0)
      this.#acked = have.position;
  }

  #pong(frame: ClientFrame & { type: 'pong' }): readonly SyncServerEffect[] {
    this.#answered = true;
    this.#clientNonce = frame.clientNonce;
    const { have } = frame;
    if (this.#phase !== 'live' || have === undefined || this.#refused !== undefined) return [];
    const env = this.#environment;
    if (have.position.revision < env.changedRevision()) return [];
    if (!addsUp(env, have)) return this.#mend(have);
    const head = this.#cursor ?? have.position;
    this.#acked = head;
    this.#replaced = false;
    return [{ type: 'confirmed', position: head }];
  }

  /** The client holds another set: it is sent everything, once. */
  #mend({ position }: Have): readonly SyncServerEffect[] {
    const diverged: SyncServerEffect = { type: 'diverged', position };
    if (this.#replaced)
      return [diverged, ...this.#close('digest-mismatch', 'a full transfer did not mend the set')];
    this.#replaced = true;
    return [diverged, this.#askTurn(false)];
  }

  #tick(nowMs: number): readonly SyncServerEffect[] {
    if (nowMs < this.deadlineMs) return [];
    if (this.#phase === 'await-hello') return this.#close('hello-timeout', 'no hello arrived in time');
    if (nowMs >= this.#silentMs) return this.#close('silent', 'the client answered no ping');
    if (nowMs >= this.#ackMs) return this.#close('ack-timeout', 'a transfer was not acknowledged in time');
    if (nowMs >= this.#movedMs) return this.#close('draining', 'the client was asked to move, and has not');
    if (nowMs >= this.#agedMs)
      return this.#askToMove('rebalance', this.#settings.rebalanceMs, REBALANCE_SPREAD_MS, nowMs);
    this.#schedulePing(nowMs);
    const owed = this.#phase === 'live' ? this.#advance(nowMs) : [];
    this.#nonce += 1;
    return [
      ...owed,
      {
        type: 'ping',
        nonce: this.#nonce,
        head: this.#bookmark(),
        freshness: this.#environment.freshness(nowMs),
        wantDigest: this.#nonce % DIGEST_EVERY_PINGS === 0,
        echoNonce: this.#clientNonce,
        reconnectSpreadMs: this.#settings.reconnectSpreadMs(),
        reportSequence: this.#placeSequence(),
      },
    ];
  }

  /** So that the report after it has counted this stream already, where one has. */
  #placeSequence(): number {
    const newest = this.#settings.reportSequence();
    return newest > this.#joinedReport ? newest - 1 : newest;
  }

  #askToMove(
    reason: 'shutdown' | 'rebalance',
    deadlineMs: number,
    reconnectMaxMs: number,
    nowMs: number,
  ): readonly SyncServerEffect[] {
    if (this.#phase === 'await-hello') return this.#close('draining', 'this node is about to stop');
    this.#agedMs = Number.POSITIVE_INFINITY;
    this.#movedMs = nowMs + deadlineMs;
    return [{ type: 'drain', reason, deadlineMs, reconnectMinMs: 0, reconnectMaxMs }];
  }

  /**
   * Everything up to here was sent and, while a transfer is open, taken. Of a
   * client that has refused something nothing is vouched for: what it holds is
   * not the newest.
   */
  #bookmark(): Position {
    if (this.#refused !== undefined) return ORIGIN;
    return (this.#phase === 'live' ? this.#cursor : this.#acked) ?? ORIGIN;
  }

  #schedulePing(nowMs: number): void {
    this.#nextPingMs = nowMs + this.#heartbeatMs * (0.9 + 0.2 * this.#settings.random());
  }

  #close(reason: CloseReason, detail: string): readonly SyncServerEffect[] {
    this.#phase = 'closed';
    return [{ type: 'close', reason, detail }];
  }
}
