/**
 * An application with the SDK: production's connector, link, session and
 * staleness bound over simulated connections. It holds its set in memory.
 */
import { decodeServerFrame, fail } from '@flagstream/protocol';
import { ClientSet, ENTITY_KIND, type Freshness, type Position } from '@flagstream/replica';
import type { Clock } from '../../../packages/client/src/clock.ts';
import { StalenessBound } from '../../../packages/client/src/staleness-bound.ts';
import { SyncConnector } from '../../../packages/client/src/sync/sync-connector.ts';
import type { SyncStream, SyncStreamListener } from '../../../packages/client/src/sync/sync-stream.ts';
import { fingerprint } from '../checkers/fingerprint.ts';
import type { History } from '../checkers/history.ts';
import { ENVIRONMENT, PAIR, PROJECT } from '../world/content.ts';
import type { Network } from '../world/network.ts';
import { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import type { Evaluator } from './evaluator.ts';

export interface ClientParts {
  readonly world: World;
  readonly network: Network;
  readonly evaluators: readonly Evaluator[];
  readonly history: History;
}

const SETTINGS = {
  sdk: { name: 'simulation', version: '0', language: '' },
  heartbeatMs: 0,
  frameBytesMax: 0,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 1_000,
  welcomeTimeoutMs: 2_000,
};

export class Client extends Process {
  readonly #parts: ClientParts;
  #set = ClientSet.empty();
  #bound = new StalenessBound();
  #source: Freshness['source'] | undefined;
  #connector: SyncConnector | undefined;
  /** Sets cannot be brought in force, as when the application has no memory left. */
  refuses = false;

  constructor(parts: ClientParts, name: string) {
    super(parts.world, name);
    this.#parts = parts;
  }

  /** How old its set can be, and what the server said that it stands on. */
  freshness(): Freshness {
    return {
      stalenessMs: this.#bound.ageMs(this.nowMs()),
      estimated: this.#bound.estimated,
      source: this.#source ?? 'stale-cache',
    };
  }

  get set(): ClientSet {
    return this.#set;
  }

  get position(): Position | undefined {
    return this.#set.position;
  }

  /** Reads the pair as an application does, and how old that can be. */
  read(): void {
    const { position } = this.#set;
    if (position === undefined) return;
    const [left, right] = PAIR.map((key) => this.#contentOf(key));
    const heard = this.#source !== undefined;
    const freshness = this.freshness();
    this.#parts.history.observe({
      type: 'evaluated',
      answer: { by: this.name, position, freshness, pair: [left, right], minimum: undefined, heard },
    });
  }

  /** Equal bytes for both flags of the pair: they are configured alike. */
  #contentOf(key: string): string {
    const id = { kind: ENTITY_KIND.flagConfig, project: PROJECT, environment: ENVIRONMENT, key };
    const content = this.#set.entity(id)?.change.content;
    return content === undefined ? '' : Buffer.from(content).toString('latin1');
  }

  protected started(): void {
    const { world, evaluators } = this.#parts;
    this.#set = ClientSet.empty();
    this.#bound = new StalenessBound();
    this.#source = undefined;
    this.refuses = false;
    this.#parts.history.observe({ type: 'forgot', who: this.name });
    const clock: Clock = {
      nowMs: this.wallMs,
      monotonicMs: this.nowMs,
      schedule: (delayMs, run) => this.after(delayMs, run),
    };
    const endpoints = evaluators.map(({ name }) => name);
    const settings = { ...SETTINGS, instanceId: this.name };
    const dial = (endpoint: string, listener: SyncStreamListener): SyncStream =>
      this.#dial(endpoint, listener);
    this.#connector = new SyncConnector(
      { endpoints, settings, dial, clock, random: world.random.next },
      {
        held: () => this.#set,
        apply: (_scope, set) => this.#apply(set),
        fresh: (set, freshness, receivedMs, provenMs) => this.#fresh(set, freshness, receivedMs, provenMs),
        live: () => undefined,
        down: (reason) => this.say(`lost its stream: ${reason}`),
        failed: (error) => this.#failed(error.message),
        reconnecting: () => undefined,
      },
    );
    this.#connector.start();
  }

  protected crashed(): void {
    this.#connector = undefined;
  }

  #apply(set: ClientSet): void {
    if (this.refuses) throw new Error('refused');
    const full = this.#set.position === undefined;
    // As the client's StateInForce.
    if (set.position?.epoch !== this.#set.position?.epoch) this.#bound.doubt();
    this.#set = set;
    this.say(`has e${set.position?.epoch}.${set.position?.revision}`);
    this.#parts.history.observe({
      type: 'taken',
      client: this.name,
      kind: full ? 'full' : 'delta',
      position: set.position!,
      fingerprint: fingerprint(set.entities()),
    });
    this.read();
  }

  /** The connector tells a refusal as an error that names its code. */
  #failed(message: string): void {
    const code = /a transfer was refused \(([a-z-]+)\)/.exec(message)?.[1];
    if (code !== undefined) this.#parts.history.observe({ type: 'refused', client: this.name, code });
  }

  #fresh(set: ClientSet, freshness: Freshness, receivedMs: number, provenMs: number | undefined): void {
    if (set.position === undefined) return;
    this.#set = set;
    this.#source = freshness.source;
    if (provenMs === undefined) this.#bound.estimate(receivedMs, freshness.stalenessMs);
    else this.#bound.prove(provenMs, freshness.stalenessMs, freshness.estimated);
    this.#parts.history.observe({
      type: 'bookmarked',
      client: this.name,
      position: set.position,
      fingerprint: fingerprint(set.entities()),
    });
    this.read();
  }

  /** The first frame says how the node means to go on. */
  #welcomed(node: string, held: Position | undefined, bytes: Uint8Array): void {
    const frame = decodeServerFrame(bytes);
    if (frame.type !== 'welcome' || held === undefined) return;
    const { head, intent } = frame.welcome;
    this.#parts.history.observe({ type: 'resumed', client: this.name, node, held, head, intent });
  }

  #dial(endpoint: string, listener: SyncStreamListener): SyncStream {
    const evaluator = this.#parts.evaluators.find(({ name }) => name === endpoint)!;
    let [open, leaving] = [true, false];
    const { streams } = evaluator;
    const end = (reason: string): void => {
      if (!open) return;
      open = false;
      if (!leaving) streams.lost(connection);
      listener.ended(fail('UNREACHABLE', reason));
    };
    let answered = false;
    const held = this.#set.position;
    const connection = this.#parts.network.connect(this, evaluator, {
      receive: (side, message) => {
        if (side === 'server') {
          evaluator.streams.receive(connection, message as Uint8Array);
        } else {
          if (!answered) this.#welcomed(endpoint, held, message as Uint8Array);
          answered = true;
          if (open) listener.message(message as Uint8Array);
        }
      },
      ended: (side, reason) => {
        if (side === 'server') evaluator.streams.left(connection);
        else end(reason);
      },
    });
    return {
      send: (bytes) => connection.send('client', bytes),
      end: () => {
        leaving = true;
        connection.close('client', 'ended');
      },
      cancel: () => {
        connection.close('client', 'cancelled');
        end('cancelled');
      },
    };
  }
}
