/**
 * A whole Flagstream in one simulated world: a control plane, NATS, three
 * evaluators, ten clients, and who writes and reads.
 */
import { hex, type Position, samePosition } from '@flagstream/replica';
import { fingerprint } from './checkers/fingerprint.ts';
import { History } from './checkers/history.ts';
import type { Holder } from './checkers/observation.ts';
import { Transitions } from './coverage/transitions.ts';
import { Client } from './nodes/client.ts';
import { ControlPlane } from './nodes/control-plane.ts';
import { Evaluator } from './nodes/evaluator.ts';
import { SimNats } from './nodes/sim-nats.ts';
import { Network } from './world/network.ts';
import type { Process } from './world/process.ts';
import { rememberingCodec } from './world/record-memory.ts';
import type { World } from './world/world.ts';

const EVALUATORS = 3;
const CLIENTS = 10;
/** The stream holds some tens of records: windows move on within a seed. */
const WINDOW_BYTES = { min: 8_000, max: 60_000 } as const;
/** Worlds whose sources keep no order of their own. */
const ROUGH_SHARE = 0.2;

export class Cluster {
  readonly world: World;
  readonly network: Network;
  readonly nats: SimNats;
  readonly controlPlane: ControlPlane;
  readonly evaluators: readonly Evaluator[];
  readonly clients: readonly Client[];
  readonly history: History;
  readonly transitions = new Transitions();
  readonly codec = rememberingCodec();

  constructor(world: World) {
    const { random } = world;
    this.world = world;
    this.network = new Network(world);
    this.history = new History(world);
    this.nats = new SimNats(world, random.int(WINDOW_BYTES.min, WINDOW_BYTES.max));
    this.controlPlane = new ControlPlane(this, 'cp');
    this.history.trust(this.controlPlane);
    const rough = random.chance(ROUGH_SHARE);
    const parts = { ...this.#parts(), controlPlane: this.controlPlane, rough };
    this.evaluators = Array.from({ length: EVALUATORS }, (_, i) => new Evaluator(parts, `ev${i + 1}`));
    const clientParts = { ...this.#parts(), evaluators: this.evaluators };
    this.clients = Array.from({ length: CLIENTS }, (_, i) => new Client(clientParts, `c${i + 1}`));
  }

  start(): void {
    this.nats.start();
    this.controlPlane.start();
    for (const evaluator of this.evaluators) evaluator.start();
    for (const client of this.clients) client.start();
  }

  /** Everybody that can crash. */
  processes(): readonly Process[] {
    return [this.nats, this.controlPlane, ...this.evaluators, ...this.clients];
  }

  /** What everybody holds, for the last judgement. */
  holders(): readonly Holder[] {
    return [
      ...this.evaluators.map(({ name, follower: { state } }): Holder => ({
        name,
        kind: 'evaluator',
        position: state.position,
        fingerprint: fingerprint(state.entities()),
        digest: hex(state.digest),
      })),
      ...this.clients.map(({ name, set }): Holder => ({
        name,
        kind: 'client',
        position: set.position,
        fingerprint: fingerprint(set.entities()),
        digest: `${set.have()?.digest.hi}.${set.have()?.digest.lo}`,
      })),
    ];
  }

  /** Everybody holds the head: there is nothing to wait for. */
  get settled(): boolean {
    const head = this.head();
    return this.holders().every(({ position }) => position !== undefined && samePosition(position, head));
  }

  head(): Position {
    return this.controlPlane.head();
  }

  #parts(): Pick<Cluster, 'world' | 'network' | 'nats' | 'history' | 'transitions' | 'codec'> {
    const { world, network, nats, history, transitions, codec } = this;
    return { world, network, nats, history, transitions, codec };
  }
}
