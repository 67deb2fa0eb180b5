/**
 * Keeps one live stream to some evaluator, for ever: connects, reconnects,
 * moves when the server drains.
 *
 *   candidate: being established      current: live, serves
 *
 * Make before break: a drained stream goes on serving until its successor is
 * live. So there are at most two links, and one pending attempt. What holds:
 * the set in force never moves backwards, whichever link speaks.
 */
import { type FlagstreamError, fail } from '@flagstream/protocol';
import type {
  ClientSet,
  EntityId,
  Freshness,
  NackCode,
  Position,
  SyncClientSettings,
} from '@flagstream/replica';
import { bytesEqual, comparePositions, samePosition } from '@flagstream/replica';
import type { Clock } from '../clock.ts';
import type { Scope } from '../state/scope.ts';
import { LostStreams } from './lost-streams.ts';
import { ReconnectPolicy } from './reconnect-policy.ts';
import type { StreamEnd } from './stream-end.ts';
import { type LinkEffect, SyncLink, type SyncLinkListener } from './sync-link.ts';
import type { Dial } from './sync-stream.ts';

/** What the connector asks of, and tells, the client. */
export interface SyncHost {
  /** What is in force, to resume from. */
  held(): ClientSet;
  /**
   * Brings a set in force before it returns.
   * @param withdrawn position that was in force until now, if the server says that its log does not have it
   */
  apply(scope: Scope, set: ClientSet, touched: readonly EntityId[], withdrawn: Position | undefined): void;
  /**
   * The set in force is the newest, also at a later position that changed
   * nothing. provenMs: a moment of this client's own that the bound counts from.
   */
  fresh(set: ClientSet, freshness: Freshness, receivedMs: number, provenMs: number | undefined): void;
  live(node: string): void;
  /** No stream serves any more. */
  down(reason: string): void;
  /** A stream, an attempt at one, or a transfer failed. */
  failed(error: FlagstreamError, endpoint: string): void;
  reconnecting(endpoint: string, attempt: number, delayMs: number, reason: string): void;
}

export interface SyncConnectorOptions {
  readonly endpoints: readonly string[];
  readonly settings: SyncClientSettings;
  readonly dial: Dial;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

type Drain = LinkEffect & { readonly type: 'drain' };

/** Longest wait for a server to take our Bye. */
const LEAVE_GRACE_MS = 500;

export class SyncConnector implements SyncLinkListener {
  readonly #options: SyncConnectorOptions;
  readonly #host: SyncHost;
  readonly #policy: ReconnectPolicy;
  readonly #lost = new LostStreams();
  #current: SyncLink | undefined;
  #candidate: SyncLink | undefined;
  #cancelAttempt: (() => void) | undefined;
  /** Asked of the candidate: it is obeyed once that serves. */
  #candidateDrain: Drain | undefined;
  /** Replaced streams that are taking their leave. */
  readonly #departures = new Set<Promise<void>>();
  #closed = false;

  constructor(options: SyncConnectorOptions, host: SyncHost) {
    this.#options = options;
    this.#host = host;
    this.#policy = new ReconnectPolicy(options.endpoints, options.random);
  }

  start(): void {
    if (!this.#closed) this.#connect();
  }

  /** Leaves; resolves when nothing is open any more. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    this.#cancelAttempt?.();
    for (const link of [this.#current, this.#candidate]) if (link !== undefined) this.#depart(link, reason);
    this.#current = undefined;
    this.#candidate = undefined;
    await Promise.all(this.#departures);
  }

  #connect(): void {
    this.#cancelAttempt = undefined;
    this.#candidateDrain = undefined;
    const { settings, dial, clock } = this.#options;
    const { endpoint, attempts: attempt } = this.#policy;
    const [held, lostStreams] = [this.#host.held(), this.#lost.toTell(this.#current)];
    this.#candidate = new SyncLink({ endpoint, attempt, lostStreams, held, settings, dial, clock }, this);
  }

  #connectIn(delayMs: number, reason: string): void {
    this.#host.reconnecting(this.#policy.endpoint, this.#policy.attempts, delayMs, reason);
    this.#cancelAttempt = this.#options.clock.schedule(delayMs, () => this.#connect());
  }

  apply(link: SyncLink, { transfer, set, touched }: LinkEffect & { readonly type: 'apply' }): void {
    // While moving, the other link may have been faster: what is in force is as new, or newer.
    if (this.#behind(set) || this.#isInForce(set)) return;
    this.#host.apply(
      scopeOf(link),
      set,
      touched,
      transfer.forked ? this.#withdrawnWith(link.set) : undefined,
    );
  }

  /**
   * What is in force, if the stream that held `set` speaks of its branch: the other stream may have moved it on
   * there meanwhile, or have brought what counts already.
   */
  #withdrawnWith(set: ClientSet): Position | undefined {
    const held = this.#host.held();
    const sameBranch =
      held.position?.epoch === set.position?.epoch && bytesEqual(held.logIdentity, set.logIdentity);
    return sameBranch ? held.position : undefined;
  }

  fresh(link: SyncLink, { freshness, provenMs }: LinkEffect & { readonly type: 'fresh' }): void {
    if (!this.#behind(link.set))
      this.#host.fresh(link.set, freshness, this.#options.clock.monotonicMs(), provenMs);
  }

  drain(link: SyncLink, drain: Drain): void {
    if (link === this.#candidate) this.#candidateDrain = drain;
    // An attempt that is under way already leads away from the draining server, or to its successor.
    if (link !== this.#current || this.#candidate !== undefined || this.#cancelAttempt !== undefined) return;
    const delayMs = this.#policy.afterDrain(drain.reconnectMinMs, drain.reconnectMaxMs);
    this.#connectIn(delayMs, 'the server drains');
  }

  refused(link: SyncLink, code: NackCode, detail: string): void {
    const error = fail('STREAM_PROTOCOL', `a transfer was refused (${code}): ${detail}`);
    this.#host.failed(error, link.endpoint);
  }

  live(link: SyncLink): void {
    const { welcome } = link;
    if (this.#closed || welcome === undefined || link !== this.#candidate) return;
    const previous = this.#current;
    this.#current = link;
    this.#candidate = undefined;
    // A transfer brought the set to the head of the Welcome, or beyond.
    if (welcome.intent !== 'none' && !this.#behind(link.set))
      this.#host.fresh(link.set, welcome.freshness, link.welcomedMs, undefined);
    this.#host.live(welcome.node);
    if (previous !== undefined) this.#depart(previous, 'moved to another stream');
    if (this.#candidateDrain !== undefined) this.drain(link, this.#candidateDrain);
  }

  #depart(link: SyncLink, reason: string): void {
    this.#lost.left(link);
    const departure = link.leave(reason, this.#host.held().have(), LEAVE_GRACE_MS).then(() => {
      this.#departures.delete(departure);
    });
    this.#departures.add(departure);
  }

  ended(link: SyncLink, end: StreamEnd): void {
    if (this.#closed) return;
    this.#lost.ended(link);
    const served = link === this.#current;
    if (served) this.#current = undefined;
    else if (link === this.#candidate) this.#candidate = undefined;
    if (served) this.#host.down(end.error.message);
    // A drained stream that ends in time is no failure: its successor is under way.
    if (this.#candidate !== undefined || this.#cancelAttempt !== undefined) return;
    this.#host.failed(end.error, link.endpoint);
    this.#connectIn(this.#policy.afterEnd(end, link.life), end.error.message);
  }

  /** The same record's set, and no repair of it. */
  #isInForce(set: ClientSet): boolean {
    const [theirs, ours] = [set.have(), this.#host.held().have()];
    if (theirs === undefined || ours === undefined) return false;
    const isSame =
      samePosition(theirs.position, ours.position) && bytesEqual(set.logIdentity, ours.logIdentity);
    return isSame && theirs.digest.hi === ours.digest.hi && theirs.digest.lo === ours.digest.lo;
  }

  /** Older than what is in force, on the same log. */
  #behind(set: ClientSet): boolean {
    const held = this.#host.held();
    if (set.position === undefined || held.position === undefined) return false;
    if (!bytesEqual(set.logIdentity, held.logIdentity)) return false;
    return comparePositions(set.position, held.position) < 0;
  }
}

function scopeOf(link: SyncLink): Scope {
  return { project: link.welcome?.project ?? '', environment: link.welcome?.environment ?? '' };
}
