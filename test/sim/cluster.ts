/**
 * A whole Flagstream in one simulated world: a control plane, NATS, three
 * evaluators, ten clients, and who writes and reads.
 */
import { type Position, RECORD_FORMAT } from '@flagstream/replica';
import { History } from './checkers/history.ts';
import { Transitions } from './coverage/transitions.ts';
import { Backups } from './faults/backups.ts';
import { Client } from './nodes/client.ts';
import { ControlPlane } from './nodes/control-plane.ts';
import { Evaluator } from './nodes/evaluator.ts';
import { Operator } from './nodes/operator.ts';
import { Poison } from './nodes/poison.ts';
import { SimNats } from './nodes/sim-nats.ts';
import { pair } from './world/content.ts';
import { Network } from './world/network.ts';
import type { Process } from './world/process.ts';
import { rememberingCodec } from './world/record-memory.ts';
import type { World } from './world/world.ts';

const EVALUATORS = 3;
const CLIENTS = 10;
/** The stream holds some tens of records: windows move on within a seed. */
const WINDOW_BYTES = { min: 5_000, max: 40_000 } as const;
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
  readonly backups: Backups;
  readonly poison = new Poison();

  constructor(world: World) {
    const { random } = world;
    this.world = world;
    this.network = new Network(world);
    this.history = new History(world);
    this.nats = new SimNats(world, random.int(WINDOW_BYTES.min, WINDOW_BYTES.max));
    this.controlPlane = new ControlPlane(this, 'cp');
    this.history.trust(this.controlPlane);
    this.backups = new Backups(this);
    const rough = random.chance(ROUGH_SHARE);
    const parts = { ...this.#parts(), controlPlane: this.controlPlane, rough, poison: this.poison };
    this.evaluators = Array.from({ length: EVALUATORS }, (_, i) => new Evaluator(parts, `ev${i + 1}`));
    const clientParts = { ...this.#parts(), evaluators: this.evaluators };
    this.clients = Array.from({ length: CLIENTS }, (_, i) => new Client(clientParts, `c${i + 1}`));
  }

  start(): void {
    new Operator(this).start();
    this.nats.start();
    this.controlPlane.start();
    for (const evaluator of this.evaluators) evaluator.start();
    for (const client of this.clients) client.start();
  }

  /** Everybody that can crash. */
  processes(): readonly Process[] {
    return [this.nats, this.controlPlane, ...this.evaluators, ...this.clients];
  }

  /** A person starts evaluators anew that are in an epoch which the log never had, and the clients who saw it. */
  startLostAnew(): void {
    const { epoch } = this.head();
    for (const node of [...this.evaluators, ...this.clients])
      if ((node.position?.epoch ?? 0) > epoch) {
        node.crash();
        if (node instanceof Evaluator) node.disk.replace();
        node.start();
      }
  }

  head(): Position {
    return this.controlPlane.head();
  }

  /** A control plane beside the true one, on a copy of its file. */
  copiedControlPlane(name: string): ControlPlane {
    return new ControlPlane(this.#parts(), name, this.controlPlane.disk.copy());
  }

  /** What a writer that nobody knows would append after a record; undefined: nothing that fits. */
  forge(after: Uint8Array): Uint8Array | undefined {
    const last = this.history.past.record(after);
    if (last === undefined || this.world.random.chance(0.5)) return undefined;
    const { epoch, revision, hash, logId, minReader } = last;
    const record = this.codec.encodeRecord({
      format: RECORD_FORMAT,
      logId,
      epoch,
      revision: revision + 1,
      prevHash: hash,
      opId: `stranger-${revision + 1}-${this.world.events}`,
      requestDigest: new Uint8Array(0),
      kind: 'change',
      actor: { id: 'stranger', kind: 'user' },
      wallMs: 0,
      comment: '',
      minReader,
      changes: pair('v7'),
      parts: [],
    });
    this.history.observe({ type: 'foreign', record });
    return record.bytes;
  }

  #parts(): Pick<Cluster, 'world' | 'network' | 'nats' | 'history' | 'transitions' | 'codec'> {
    const { world, network, nats, history, transitions, codec } = this;
    return { world, network, nats, history, transitions, codec };
  }
}
