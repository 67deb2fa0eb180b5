/**
 * An evaluator: production's Follower, state and streams over simulated sources.
 * Its driver only carries the follower's effects out.
 */
import {
  type Codec,
  FOLLOWER_SETTINGS,
  Follower,
  type FollowerEffect,
  type FollowerEvent,
  type Freshness,
  type HeadBeacon,
  type LogRecord,
  type LogState,
  type LogSubscription,
  type Place,
  type Position,
  reached,
  type Snapshot,
  type SnapshotOrigin,
} from '@flagstream/replica';
import type { OpenedCache } from '../../../services/evaluator/src/cache/evaluator-cache.ts';
import { lastPosition } from '../../../services/evaluator/src/follow/last-position.ts';
import { EvaluatorState, type StateListener } from '../../../services/evaluator/src/state/evaluator-state.ts';
import type { HeldUnits } from '../../../services/evaluator/src/state/held-units.ts';
import { fingerprint } from '../checkers/fingerprint.ts';
import type { History } from '../checkers/history.ts';
import type { Transitions } from '../coverage/transitions.ts';
import { ENVIRONMENT, PAIR, PROJECT } from '../world/content.ts';
import type { Network } from '../world/network.ts';
import { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import type { ControlPlane } from './control-plane.ts';
import { EvaluatorDisk } from './evaluator-disk.ts';
import { EvaluatorReports } from './evaluator-reports.ts';
import { EvaluatorStreams } from './evaluator-streams.ts';
import { FailoverSource } from './failover-source.ts';
import { NatsClient } from './nats-client.ts';
import { NatsSource } from './nats-source.ts';
import { Death, type Poison } from './poison.ts';
import type { SimNats } from './sim-nats.ts';
import { WatchLogSource } from './watch-log-source.ts';

export interface EvaluatorParts {
  readonly world: World;
  readonly network: Network;
  readonly nats: SimNats;
  readonly controlPlane: ControlPlane;
  readonly codec: Codec;
  readonly history: History;
  readonly transitions: Transitions;
  /** Records reach the follower late, twice, out of order. */
  readonly rough: boolean;
  readonly poison: Poison;
}

const TICK_MS = 500;
const WAIT_STEP_MS = 100;
const SNAPSHOT_TIMEOUT_MS = 3_000;
const ASK_TIMEOUT_MS = 2_000;
const NOBODY = {};
/** Between the end of a process and its next start. */
const SUPERVISOR_MS = 300;

export class Evaluator extends Process {
  readonly #parts: EvaluatorParts;
  readonly #nats: NatsClient;
  readonly #natsSource: NatsSource;
  readonly #watchLog: WatchLogSource;
  #source: FailoverSource | undefined;
  #follower: Follower;
  #state: EvaluatorState;
  #streams: EvaluatorStreams;
  #reports: EvaluatorReports;
  #subscription: LogSubscription | undefined;
  #generation = 0;
  #heard = false;
  readonly #queue: FollowerEvent[] = [];
  #handling = false;
  readonly disk: EvaluatorDisk;
  /** The disk's copy of this life was opened; before, there is nothing that follows. */
  #follows = false;
  #stopping = false;

  constructor(parts: EvaluatorParts, name: string) {
    super(parts.world, name);
    this.#parts = parts;
    this.#nats = new NatsClient(parts.network, this, parts.nats, {
      connected: () => this.#natsSource.connected(),
      disconnected: () => this.#natsSource.disconnected(),
      head: (beacon) => this.#natsSource.head(beacon),
    });
    const { network, codec, rough } = parts;
    this.#natsSource = new NatsSource({ network, process: this, client: this.#nats, codec, rough });
    this.#watchLog = new WatchLogSource(this, parts.controlPlane);
    this.disk = new EvaluatorDisk(this, codec);
    this.#follower = this.#newFollower();
    this.#state = this.#newState();
    this.#reports = this.#newReports();
    this.#streams = this.#newStreams();
  }

  /** Leaves in good order: what is held is on the disk when it is gone. */
  stop(): void {
    this.#stopping = true;
    this.world.promised();
    const { life } = this;
    this.#streams.close();
    this.#reports
      .close()
      .then(() => this.disk.close())
      .then(() => {
        if (this.life === life) this.crash();
      })
      .catch((error: unknown) => this.world.end(error));
  }

  get follower(): Follower {
    return this.#follower;
  }

  get streams(): EvaluatorStreams {
    return this.#streams;
  }

  get reports(): EvaluatorReports {
    return this.#reports;
  }

  get position(): Position {
    return this.#state.position;
  }

  /** Answers as an evaluation does; undefined while there is nothing to answer from. */
  evaluate(minimum: Position | undefined): void {
    const replica = this.#state.environment(PROJECT, ENVIRONMENT);
    if (replica === undefined) return;
    const [left, right] = PAIR.map((key) => replica.state.set.evaluate(key, NOBODY, 0).value);
    this.#parts.history.observe({
      type: 'evaluated',
      answer: {
        by: this.name,
        position: this.position,
        freshness: this.freshness(),
        pair: [left, right],
        minimum,
        heard: this.#heard,
      },
    });
  }

  /**
   * Answers once it holds a revision, or not at all: as an evaluation with min_revision does.
   * @returns whether it answered at once
   */
  evaluateAt(minimum: Position, waitMs: number): boolean {
    const reach = reached(minimum, this.#follower.state);
    if (reach === 'reached') this.evaluate(minimum);
    if (reach === 'forked') this.say(`never reaches e${minimum.epoch}.${minimum.revision}`);
    if (reach === 'ahead' && waitMs > 0)
      this.after(WAIT_STEP_MS, () => {
        this.evaluateAt(minimum, waitMs - WAIT_STEP_MS);
      });
    return reach === 'reached';
  }

  protected started(): void {
    this.#heard = false;
    this.#stopping = false;
    this.#follows = false;
    this.#parts.history.observe({ type: 'forgot', who: this.name });
    this.#follower = this.#newFollower();
    this.#state = this.#newState();
    this.#reports = this.#newReports();
    this.#streams = this.#newStreams();
    const user = { state: () => this.#follower.state, held: () => this.#state.held() };
    this.disk.open(this.#parts.poison.release, user, (opened) => this.#opened(opened));
  }

  #opened({ state, held, frozenBefore }: OpenedCache): void {
    const { position } = state;
    if (frozenBefore === undefined) {
      const { atLeast } = this.disk;
      this.#parts.history.observe({ type: 'reloaded', node: this.name, position, atLeast });
    } else this.say(`is frozen before e${frozenBefore.epoch}.${frozenBefore.revision}`);
    this.#follower = this.#newFollower({ state, ...(frozenBefore === undefined ? {} : { frozenBefore }) });
    this.#state = this.#newState(held);
    this.#follows = true;
    if (position.revision > 0) {
      this.disk.cache?.activating();
      this.#state.replaced();
      this.disk.cache?.activated();
      this.#applied('cache', []);
    } else this.disk.cache?.loaded();
    const sources = { primary: this.#natsSource, secondary: this.#watchLog };
    this.#source = new FailoverSource(this, sources, this.#parts.transitions);
    this.#nats.open();
    this.#reports.open();
    this.#handle({ type: 'start' });
    this.every(TICK_MS, () => this.#handle({ type: 'tick' }));
  }

  protected crashed(): void {
    this.#streams.crashed();
    this.#natsSource.forget();
    this.#subscription = undefined;
    this.#generation += 1;
    this.#queue.length = 0;
  }

  #newFollower(found: { readonly state?: LogState; readonly frozenBefore?: Place } = {}): Follower {
    const { codec, world, transitions } = this.#parts;
    return transitions.follower(
      new Follower({ codec, settings: FOLLOWER_SETTINGS, random: world.random.next, ...found }),
    );
  }

  #newState(held?: HeldUnits): EvaluatorState {
    const listener: StateListener = {
      changed: (environments) => {
        this.#reports.changed(environments);
        this.#streams.changed(environments);
      },
      quarantine: (_environment, id, entry) => {
        this.disk.cache?.quarantineChanged();
        this.say(`${id} ${entry === undefined ? 'is good again' : 'is quarantined'}`);
      },
    };
    return new EvaluatorState(() => this.#follower.state, listener, { held, later: this.disk.compiling });
  }

  #newReports(): EvaluatorReports {
    const serving = { position: () => this.#state.position, freshness: () => this.freshness() };
    return new EvaluatorReports({ ...this.#parts, process: this, serving });
  }

  #newStreams(): EvaluatorStreams {
    return new EvaluatorStreams({
      process: this,
      served: {
        position: () => this.#state.position,
        state: () => this.#follower.state,
        freshness: () => this.freshness(),
      },
      environment: () => this.#state.environment(PROJECT, ENVIRONMENT),
      reports: this.#reports,
      history: this.#parts.history,
      watch: (session) => this.#parts.transitions.server(session),
    });
  }

  #handle(event: FollowerEvent): void {
    if (!this.up || !this.#follows || this.#stopping) return;
    this.#queue.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next);
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      this.#die(error);
    } finally {
      this.#handling = false;
    }
  }

  /** As the real driver: says on disk what is about to be applied, and then what was. */
  #take(event: FollowerEvent): void {
    const upTo = placeOf(event);
    if (upTo !== undefined) this.disk.applying(upTo);
    const { applied, replaced } = this.#perform(this.#follower.handle(event, this.nowMs()));
    if (replaced) this.disk.replaced();
    else if (upTo !== undefined) this.disk.applied(applied);
    if (event.type === 'tick') this.disk.tick(this.#state);
  }

  /** The record has ended the process; whoever supervises it starts it again. */
  #die({ record }: Death): void {
    this.say(`dies over e${record.epoch}.${record.revision}`);
    const { release } = this.#parts.poison;
    this.#parts.history.observe({ type: 'died', node: this.name, release, record });
    this.crash();
    this.world.after(SUPERVISOR_MS, () => this.start());
  }

  /** As the real driver: records that were folded together come into force together. */
  #perform(effects: readonly FollowerEffect[]): {
    readonly applied: readonly LogRecord[];
    readonly replaced: boolean;
  } {
    const applied: LogRecord[] = [];
    let replaced = false;
    let folded: LogRecord[] = [];
    const flush = (): void => {
      if (folded.length > 0) this.#moved(folded);
      folded = [];
    };
    for (const effect of effects) {
      if (effect.type === 'applied') {
        if (this.#parts.poison.kills(effect.record)) throw new Death(effect.record);
        applied.push(effect.record);
        folded.push(effect.record);
      } else if (effect.type === 'replaced') {
        folded = [];
        replaced = true;
        this.#state.replaced();
        this.#applied('snapshot', []);
      } else {
        flush();
        this.#carryOut(effect);
      }
    }
    flush();
    return { applied, replaced };
  }

  #moved(records: readonly LogRecord[]): void {
    this.#state.moved(records.map(({ revision, changes }) => ({ revision, changes })));
    this.#applied('record', records);
  }

  #carryOut(effect: Exclude<FollowerEffect, { type: 'applied' | 'replaced' }>): void {
    switch (effect.type) {
      case 'reopen':
        this.#openSource(effect.after);
        return;
      case 'fetch-snapshot':
        this.#fetchSnapshot(effect.reason);
        return;
      case 'ask-head':
        this.#askHead(effect.askedMs);
        return;
      case 'alarm':
        this.say(`ALARM ${effect.code}: ${effect.detail}`);
        return;
    }
  }

  #applied(how: 'record' | 'snapshot' | 'cache', records: readonly LogRecord[]): void {
    const { state } = this.#follower;
    const { position } = state;
    this.say(`is at e${position.epoch}.${position.revision} by ${how}`);
    this.#parts.history.observe({
      type: 'applied',
      node: this.name,
      how,
      records,
      position,
      fingerprint: fingerprint(state.entities()),
    });
    this.evaluate(undefined);
  }

  #openSource(after: Position): void {
    this.#generation += 1;
    const generation = this.#generation;
    const current = (): boolean => generation === this.#generation;
    void this.#subscription?.close();
    this.#subscription = this.#source!.open(after, {
      records: (records) => {
        this.#heard = true;
        if (current()) this.#records(records);
      },
      head: (beacon) => {
        this.#heard = true;
        if (current()) this.#handle({ type: 'head', beacon });
      },
      status: (status) => {
        if (status.kind === 'live') this.#heard = true;
        if (current()) this.#handle({ type: 'status', status });
      },
    });
  }

  /** One of them ended this process before: the marker must name which. */
  #records(records: readonly Uint8Array[]): void {
    if (this.disk.cache?.oneByOne === true)
      for (const bytes of records) this.#handle({ type: 'records', records: [bytes] });
    else this.#handle({ type: 'records', records });
  }

  /** From the control plane, else from NATS. */
  #fetchSnapshot(reason: string): void {
    this.say(`wants a snapshot: ${reason}`);
    const { network, controlPlane } = this.#parts;
    network.ask<Snapshot>(
      this,
      controlPlane,
      SNAPSHOT_TIMEOUT_MS,
      (answer) => controlPlane.answerSnapshot(answer),
      (snapshot) => {
        if (snapshot !== undefined) return this.#snapshot(snapshot, 'control-plane');
        this.#nats.request(
          (nats) => nats.newestSnapshot() ?? 'none',
          (found) => this.#snapshot(found === 'none' ? undefined : found, 'nats'),
        );
      },
    );
  }

  #snapshot(snapshot: Snapshot | undefined, origin: SnapshotOrigin): void {
    if (snapshot === undefined) {
      this.#handle({ type: 'snapshot-failed', detail: 'nobody has one' });
      return;
    }
    this.#heard = true;
    this.#handle({ type: 'snapshot', snapshot, origin });
  }

  /** The authority is asked directly, else through NATS. */
  #askHead(askedMs: number): void {
    const { network, nats, controlPlane } = this.#parts;
    const serve = (tell: (beacon: HeadBeacon) => void): void => controlPlane.answerHead(tell);
    network.ask<HeadBeacon>(this, controlPlane, ASK_TIMEOUT_MS, serve, (direct) => {
      if (direct !== undefined) return this.#head(direct, askedMs);
      network.ask<HeadBeacon>(
        this,
        nats,
        ASK_TIMEOUT_MS,
        (answer) =>
          network.ask<HeadBeacon>(nats, controlPlane, ASK_TIMEOUT_MS, serve, (beacon) => {
            if (beacon !== undefined) answer(beacon);
          }),
        (beacon) => this.#head(beacon, askedMs),
      );
    });
  }

  #head(beacon: HeadBeacon | undefined, askedMs: number): void {
    if (beacon === undefined) {
      this.#handle({ type: 'head-failed' });
      return;
    }
    this.#heard = true;
    this.#handle({ type: 'head-answer', beacon, askedMs });
  }

  freshness(): Freshness {
    const freshness = this.#follower.freshness(this.nowMs());
    const isFallback = freshness.source === 'live' && this.#source?.choice.active === 'secondary';
    return isFallback ? { ...freshness, source: 'fallback' } : freshness;
  }
}

/** The place up to which an event may move the state. */
function placeOf(event: FollowerEvent): Place | undefined {
  if (event.type === 'snapshot') return event.snapshot.position;
  return event.type === 'records' ? lastPosition(event.records) : undefined;
}
