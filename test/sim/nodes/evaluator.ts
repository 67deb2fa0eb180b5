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
  type LogSubscription,
  type Position,
  reached,
  type Snapshot,
} from '@flagstream/replica';
import { EvaluatorState } from '../../../services/evaluator/src/state/evaluator-state.ts';
import { fingerprint } from '../checkers/fingerprint.ts';
import type { History } from '../checkers/history.ts';
import type { Transitions } from '../coverage/transitions.ts';
import { ENVIRONMENT, PAIR, PROJECT } from '../world/content.ts';
import type { Network } from '../world/network.ts';
import { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import type { ControlPlane } from './control-plane.ts';
import { EvaluatorStreams } from './evaluator-streams.ts';
import { FailoverSource } from './failover-source.ts';
import { NatsClient } from './nats-client.ts';
import { NatsSource } from './nats-source.ts';
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
}

const TICK_MS = 500;
const WAIT_STEP_MS = 100;
const SNAPSHOT_TIMEOUT_MS = 3_000;
const ASK_TIMEOUT_MS = 2_000;
const NOBODY = {};

export class Evaluator extends Process {
  readonly #parts: EvaluatorParts;
  readonly #nats: NatsClient;
  readonly #natsSource: NatsSource;
  readonly #watchLog: WatchLogSource;
  #source: FailoverSource | undefined;
  #follower: Follower;
  #state: EvaluatorState;
  #streams: EvaluatorStreams;
  #subscription: LogSubscription | undefined;
  #generation = 0;
  #heard = false;
  readonly #queue: FollowerEvent[] = [];
  #handling = false;

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
    this.#follower = this.#newFollower();
    this.#state = this.#newState();
    this.#streams = this.#newStreams();
  }

  get follower(): Follower {
    return this.#follower;
  }

  get streams(): EvaluatorStreams {
    return this.#streams;
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

  /** Answers once it holds a revision, or not at all: as an evaluation with min_revision does. */
  evaluateAt(minimum: Position, waitMs: number): void {
    switch (reached(minimum, this.#follower.state)) {
      case 'reached':
        this.evaluate(minimum);
        return;
      case 'ahead':
        if (waitMs > 0) this.after(WAIT_STEP_MS, () => this.evaluateAt(minimum, waitMs - WAIT_STEP_MS));
        return;
      case 'forked':
        this.say(`never reaches e${minimum.epoch}.${minimum.revision}`);
    }
  }

  protected started(): void {
    this.#heard = false;
    this.#parts.history.observe({ type: 'forgot', who: this.name });
    this.#follower = this.#newFollower();
    this.#state = this.#newState();
    this.#streams = this.#newStreams();
    const sources = { primary: this.#natsSource, secondary: this.#watchLog };
    this.#source = new FailoverSource(this, sources, this.#parts.transitions);
    this.#nats.open();
    this.#handle({ type: 'start' });
    this.every(TICK_MS, () => this.#handle({ type: 'tick' }));
  }

  protected crashed(): void {
    this.#natsSource.forget();
    this.#subscription = undefined;
    this.#generation += 1;
    this.#queue.length = 0;
  }

  #newFollower(): Follower {
    const { codec, world, transitions } = this.#parts;
    return transitions.follower(
      new Follower({ codec, settings: FOLLOWER_SETTINGS, random: world.random.next }),
    );
  }

  #newState(): EvaluatorState {
    return new EvaluatorState(() => this.#follower.state, {
      changed: (environments) => this.#streams.changed(environments),
      quarantine: (_environment, id, entry) =>
        this.say(`${id} ${entry === undefined ? 'is good again' : 'is quarantined'}`),
    });
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
      watch: (session) => this.#parts.transitions.server(session),
    });
  }

  #handle(event: FollowerEvent): void {
    this.#queue.push(event);
    if (this.#handling) return;
    this.#handling = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#perform(this.#follower.handle(next, this.nowMs()));
    } finally {
      this.#handling = false;
    }
  }

  /** As the real driver: records that were folded together come into force together. */
  #perform(effects: readonly FollowerEffect[]): void {
    let folded: LogRecord[] = [];
    const flush = (): void => {
      if (folded.length > 0) this.#moved(folded);
      folded = [];
    };
    for (const effect of effects) {
      if (effect.type === 'applied') folded.push(effect.record);
      else if (effect.type === 'replaced') {
        folded = [];
        this.#state.replaced();
        this.#applied('snapshot', []);
      } else {
        flush();
        this.#carryOut(effect);
      }
    }
    flush();
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

  #applied(how: 'record' | 'snapshot', records: readonly LogRecord[]): void {
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
        if (current()) this.#handle({ type: 'records', records });
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
        if (snapshot !== undefined) return this.#snapshot(snapshot);
        this.#nats.request(
          (nats) => nats.newestSnapshot() ?? 'none',
          (found) => this.#snapshot(found === 'none' ? undefined : found),
        );
      },
    );
  }

  #snapshot(snapshot: Snapshot | undefined): void {
    if (snapshot === undefined) {
      this.#handle({ type: 'snapshot-failed', detail: 'nobody has one' });
      return;
    }
    this.#heard = true;
    this.#handle({ type: 'snapshot', snapshot });
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
