// Server and client sessions against each other under a virtual clock, with random changes, frames that wait,
// lines that drop, refusals and a small delta window. Whatever happens, a client only ever holds sets that
// existed, never goes back, and converges once the world is quiet.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientSet } from './client-set.ts';
import { EnvironmentView } from './environment-view.ts';
import { config, flag, jsonCodec, LogWriter } from './log.fixture.ts';
import { LogState } from './log-state.ts';
import { bytesEqual } from './position.ts';
import { type SyncClientEffect, SyncClientSession } from './sync-client.ts';
import type { SyncEnvironment } from './sync-environment.ts';
import type { ClientFrame, ServerFrame } from './sync-frames.ts';
import { SETTINGS } from './sync-server.fixture.ts';
import { SyncServerSession } from './sync-server.ts';
import type { SyncServerEffect } from './sync-server-events.ts';

const { sha256 } = jsonCodec;
const WINDOW = 16;
const CLIENTS = 3;
const FRAME_ENTITIES = 2;

const CLIENT = {
  instanceId: 'i',
  sdk: { name: '', version: '', language: '' },
  heartbeatMs: 0,
  frameBytesMax: 0,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 1_000,
  welcomeTimeoutMs: 5_000,
};

/** What an environment's clients hold, as one text. */
function contentOf(entities: Iterable<{ change: { key: string; kind: number }; version: number }>): string {
  return [...entities]
    .map(({ change, version }) => `${change.kind}/${change.key}@${version}`)
    .sort()
    .join(' ');
}

/** The node: one environment over a log, and what it held at each revision. */
class Node implements SyncEnvironment {
  readonly project = 'p';
  readonly environment = 'dev';
  readonly writer = new LogWriter();
  readonly log = new LogState(jsonCodec);
  readonly view = new EnvironmentView(sha256, { project: 'p', environment: 'dev' }, { revisions: WINDOW }, 0);
  readonly history = new Map<number, string>();

  constructor() {
    this.#take();
  }

  commit(...changes: Parameters<LogWriter['write']>): void {
    this.writer.write(...changes);
    this.#take();
  }

  #take(): void {
    const record = this.writer.records.at(-1)!;
    const outcome = this.log.apply(record);
    if (outcome.kind !== 'applied') throw new Error(outcome.kind);
    const { revision } = record;
    this.view.apply(
      outcome.changes.map((change) => ({ change, version: revision })),
      revision,
    );
    this.history.set(revision, contentOf(this.view.live()));
  }

  head = () => this.log.position;
  changedRevision = () => this.view.changedRevision;
  digest = () => this.view.digest;
  logIdentity = () => this.log.logIdentity;
  freshness = () => ({ stalenessMs: 0, estimated: true, source: 'live' }) as const;
  hasWithdrawn: SyncEnvironment['hasWithdrawn'] = (from) => this.log.standing(from) === 'foreign';
  canDelta: SyncEnvironment['canDelta'] = (from) => {
    const hash = this.log.hashAt(from.revision);
    return from.revision >= this.view.floor && hash !== undefined && bytesEqual(hash, from.hash);
  };

  /** A transfer as frames: one, or several when it is large. */
  frames(effect: SyncServerEffect & { type: 'transfer' }): ServerFrame[] {
    const { transferId, kind, from, to, forked } = effect;
    const delta = (from === undefined ? undefined : this.view.delta(from.revision)) ?? {
      put: [...this.view.live()],
      remove: [],
    };
    const digest = this.view.digest;
    const remove = delta.remove.map(({ change }) => change);
    const items = delta.put.length + remove.length;
    if (items <= FRAME_ENTITIES)
      return [
        {
          type: 'update',
          items,
          transfer: { transferId, kind, from, to, put: delta.put, remove, digest, forked },
        },
      ];
    const chunks: ServerFrame[] = [{ type: 'items', transferId, seq: 0, put: [], remove }];
    for (let i = 0; i < delta.put.length; i += FRAME_ENTITIES) {
      const put = delta.put.slice(i, i + FRAME_ENTITIES);
      chunks.push({ type: 'items', transferId, seq: chunks.length, put, remove: [] });
    }
    return [
      { type: 'begin', transferId, kind, from, to, forked },
      ...chunks,
      { type: 'commit', transferId, to, digest, items },
    ];
  }
}

interface Line {
  readonly client: SyncClientSession;
  readonly server: SyncServerSession;
  readonly up: ClientFrame[];
  readonly down: ServerFrame[];
  /** Frames of a transfer, written as the line drains: pings may overtake them. */
  readonly transfer: ServerFrame[];
}

/** One client and, while it is connected, its line to the node. */
class Peer {
  readonly #node: Node;
  #set = ClientSet.empty();
  #line: Line | undefined;
  #lastRevision = 0;
  /** A full transfer waits for its turn, which comes as time passes. */
  #asksTurn = false;
  /** The next transfer is refused. */
  refuse = false;
  applied = 0;

  constructor(node: Node) {
    this.#node = node;
  }

  get connected(): boolean {
    return this.#line !== undefined;
  }

  get set(): ClientSet {
    return this.#set;
  }

  connect(nowMs: number): void {
    if (this.#line !== undefined) return;
    const client = new SyncClientSession(sha256, CLIENT, this.#set);
    this.#line = {
      client,
      server: new SyncServerSession(this.#node, SETTINGS, nowMs),
      up: [],
      down: [],
      transfer: [],
    };
    this.#client(client.handle({ type: 'opened', attempt: 0 }, nowMs), nowMs);
  }

  drop(): void {
    this.#line = undefined;
  }

  /** Delivers the oldest frame in one direction; false when there is none. */
  deliver(direction: 'up' | 'down', nowMs: number): boolean {
    const line = this.#line;
    if (line === undefined) return false;
    if (direction === 'up') {
      const frame = line.up.shift();
      if (frame === undefined) return false;
      this.#server(line.server.handle({ type: 'frame', frame }, nowMs));
      return true;
    }
    const frame = line.down.shift() ?? line.transfer.shift();
    if (frame === undefined) return false;
    this.#client(line.client.handle({ type: 'frame', frame }, nowMs), nowMs);
    return true;
  }

  head(nowMs: number): void {
    if (this.#line !== undefined) this.#server(this.#line.server.handle({ type: 'head' }, nowMs));
  }

  tick(nowMs: number): void {
    if (this.#line !== undefined && this.#asksTurn) {
      this.#asksTurn = false;
      this.#server(this.#line.server.handle({ type: 'turn' }, nowMs));
    }
    if (this.#line !== undefined) this.#server(this.#line.server.handle({ type: 'tick' }, nowMs));
    if (this.#line !== undefined) this.#client(this.#line.client.handle({ type: 'tick' }, nowMs), nowMs);
  }

  #server(effects: readonly SyncServerEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'welcome':
          this.#line?.down.push(effect);
          break;
        case 'ping':
          this.#line?.down.push(effect);
          break;
        case 'ask-turn':
          this.#asksTurn = true;
          break;
        case 'transfer':
          this.#line?.transfer.push(...this.#node.frames(effect));
          break;
        case 'diverged':
          throw new Error(`the node says that a client diverged at ${effect.position.revision}`);
        case 'close':
          expect(['silent', 'ack-timeout', 'hello-timeout']).toContain(effect.reason);
          this.drop();
          break;
      }
    }
  }

  #client(effects: readonly SyncClientEffect[], nowMs: number): void {
    const line = this.#line;
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          line?.up.push(effect.frame);
          if (effect.frame.type === 'nack') expect(effect.frame.code).toBe('apply');
          break;
        case 'apply': {
          const { transferId } = effect.transfer;
          const event = this.refuse
            ? ({ type: 'apply-failed', transferId, detail: 'refused' } as const)
            : ({ type: 'applied', transferId, applyUs: 1 } as const);
          this.refuse = false;
          this.applied += 1;
          this.#client(line?.client.handle(event, nowMs) ?? [], nowMs);
          break;
        }
        case 'close':
          expect(effect.reason).toBe('the server is silent');
          this.drop();
          break;
      }
    }
    if (line !== undefined) this.#adopt(line.client.set);
  }

  /** What holds true of every set that was ever in force. */
  #adopt(set: ClientSet): void {
    this.#set = set;
    if (set.position === undefined) return;
    const { revision } = set.position;
    expect(revision).toBeGreaterThanOrEqual(this.#lastRevision);
    this.#lastRevision = revision;
    expect(contentOf(set.entities())).toBe(this.#node.history.get(revision));
  }
}

type Step =
  | {
      readonly do: 'commit';
      readonly keys: readonly string[];
      readonly where: 'dev' | 'prod';
      readonly remove: boolean;
    }
  | {
      readonly do: 'up' | 'down' | 'connect' | 'drop' | 'refuse';
      readonly peer: number;
      readonly count: number;
    }
  | { readonly do: 'wait'; readonly ms: number };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 4 }),
      where: fc.constantFrom('dev' as const, 'prod' as const),
      remove: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('up' as const, 'down' as const),
      peer: fc.nat(CLIENTS - 1),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('connect' as const, 'drop' as const, 'refuse' as const),
      peer: fc.nat(CLIENTS - 1),
      count: fc.constant(1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 15_000 }) }),
  },
);

class World {
  readonly node = new Node();
  readonly peers = Array.from({ length: CLIENTS }, () => new Peer(this.node));
  nowMs = 0;
  #writes = 0;

  run(current: Step): void {
    switch (current.do) {
      case 'commit':
        this.commit(current.keys, current.where, current.remove);
        break;
      case 'wait':
        this.wait(current.ms);
        break;
      case 'up':
      case 'down':
        for (let i = 0; i < current.count; i++) this.peers[current.peer]!.deliver(current.do, this.nowMs);
        break;
      case 'connect':
        this.peers[current.peer]!.connect(this.nowMs);
        break;
      case 'drop':
        this.peers[current.peer]!.drop();
        break;
      case 'refuse':
        this.peers[current.peer]!.refuse = true;
        break;
    }
  }

  commit(keys: readonly string[], where: 'dev' | 'prod', remove: boolean): void {
    this.#writes += 1;
    const text = remove ? null : String(this.#writes);
    this.node.commit(
      ...[...new Set(keys)].map((name) => (where === 'dev' ? flag(name, text) : config('prod', name, text))),
    );
    if (where === 'dev') for (const peer of this.peers) peer.head(this.nowMs);
  }

  wait(ms: number): void {
    this.nowMs += ms;
    for (const peer of this.peers) peer.tick(this.nowMs);
  }

  /** Lines hold, frames arrive, one more change ends what a refusal had stopped. */
  settle(): void {
    for (const peer of this.peers) peer.refuse = false;
    this.commit(['a'], 'dev', false);
    for (let round = 0; round < 20; round++) {
      for (const peer of this.peers) {
        peer.connect(this.nowMs);
        while (peer.deliver('up', this.nowMs) || peer.deliver('down', this.nowMs));
      }
      this.wait(4_000);
    }
  }
}

describe('sessions against each other', () => {
  it('converge to the head through states that existed, never backwards', () => {
    let transfers = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
        const world = new World();
        for (const current of steps) world.run(current);
        world.settle();
        const head = world.node.head();
        for (const peer of world.peers) {
          expect(peer.connected).toBe(true);
          expect(peer.set.have()?.digest).toEqual(world.node.digest());
          expect(peer.set.position).toEqual(head);
          transfers += peer.applied;
        }
      }),
      { numRuns: 150 },
    );
    expect(transfers).toBeGreaterThan(150 * CLIENTS);
  });
});
