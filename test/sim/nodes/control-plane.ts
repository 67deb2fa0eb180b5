/**
 * A control plane: production's ChangeLog over a store on a simulated disk,
 * shipped to the simulated NATS. Answers writers, followers and whoever asks
 * for the head.
 */
import { logStreamName } from '@flagstream/protocol';
import {
  type Codec,
  type HeadBeacon,
  LOG_ID,
  type Position,
  READER_VERSION,
  SecondWriterGuard,
  type Snapshot,
} from '@flagstream/replica';
import { ChangeLog, type Write } from '../../../services/control-plane/src/log/change-log.ts';
import { Snapshots } from '../../../services/control-plane/src/sync/snapshot.ts';
import type { History } from '../checkers/history.ts';
import type { Transitions } from '../coverage/transitions.ts';
import { firstSet } from '../world/content.ts';
import { Disk } from '../world/disk.ts';
import type { Network } from '../world/network.ts';
import { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import { DiskStore } from './disk-store.ts';
import { FleetView } from './fleet-view.ts';
import { LogWatchers } from './log-watchers.ts';
import { NatsClient } from './nats-client.ts';
import { ShipDriver } from './ship-driver.ts';
import type { SimNats } from './sim-nats.ts';

const BEACON_MS = 1_000;
const REFUSE_START_MS = 3_000;
const NO_DIGEST = new Uint8Array(0);

export interface ControlPlaneParts {
  readonly world: World;
  readonly network: Network;
  readonly nats: SimNats;
  readonly codec: Codec;
  readonly history: History;
  readonly transitions: Transitions;
}

/** What a writer is told. */
export type WriteAnswer =
  | { readonly kind: 'ok'; readonly position: Position }
  /** Nothing took effect, and nothing will. */
  | { readonly kind: 'refused'; readonly reason: string };

export class ControlPlane extends Process {
  readonly disk: Disk;
  readonly watchers: LogWatchers;
  readonly #parts: ControlPlaneParts;
  readonly #nats: NatsClient;
  #log: ChangeLog | undefined;
  #snapshots: Snapshots | undefined;
  #ship: ShipDriver | undefined;
  #guard: SecondWriterGuard | undefined;
  #fleet: FleetView | undefined;

  constructor(parts: ControlPlaneParts, name: string, disk: Disk = new Disk()) {
    super(parts.world, name);
    this.#parts = parts;
    this.disk = disk;
    this.watchers = new LogWatchers(this, parts.network);
    this.#nats = new NatsClient(parts.network, this, parts.nats, {
      connected: () => this.#ship?.handle({ type: 'connected' }),
      disconnected: () => this.#ship?.handle({ type: 'disconnected' }),
      head: (beacon) => this.#hear(beacon),
    });
  }

  /** Of a control plane that is up. */
  get log(): ChangeLog {
    if (this.#log === undefined) throw new Error(`${this.name} is down`);
    return this.#log;
  }

  get ship(): ShipDriver {
    if (this.#ship === undefined) throw new Error(`${this.name} is down`);
    return this.#ship;
  }

  get fleet(): FleetView {
    if (this.#fleet === undefined) throw new Error(`${this.name} is down`);
    return this.#fleet;
  }

  head(): Position {
    return this.log.head();
  }

  /** As production's Writes: an op_id that is in the log never writes again. */
  write(write: Write): WriteAnswer {
    const { log } = this;
    const known = log.store.findOperation(write.opId);
    if (known !== undefined) return { kind: 'ok', position: known };
    if (log.writesStopped !== undefined) return { kind: 'refused', reason: log.writesStopped };
    return { kind: 'ok', position: log.append(write) };
  }

  /** What the authority says when it is asked how far the log is; one that takes no writes says nothing. */
  answerHead(answer: (beacon: HeadBeacon) => void): void {
    if (this.log.writesStopped === undefined) answer(this.beacon());
  }

  /** As GetSnapshot: nobody is taken to a branch that may be given up. */
  answerSnapshot(answer: (snapshot: Snapshot) => void): void {
    if (this.log.refusal === undefined) answer(this.#snapshots!.take());
  }

  beacon(): HeadBeacon {
    const { store } = this.log;
    const head = store.head();
    return {
      logId: LOG_ID,
      epoch: head.epoch,
      stream: logStreamName('sim', head.epoch),
      baseRevision: store.lineage().at(-1)?.baseRevision ?? 0,
      headRevision: head.revision,
      headHash: head.hash,
      stateDigest: store.stateDigest(),
      minReader: READER_VERSION,
      controlPlaneId: 'cp',
      bootId: this.#bootId,
    };
  }

  get #bootId(): string {
    return `${this.name}-${this.life}`;
  }

  protected started(): void {
    const { codec, history, nats, transitions } = this.#parts;
    const store = new DiskStore(codec, this.disk);
    const log = new ChangeLog({ store, codec, now: this.wallMs });
    this.#log = log;
    this.#snapshots = new Snapshots(store);
    let told = store.head();
    history.logOpened(this, store, codec.decodeRecord);
    const note = (): void => {
      for (const record of store.readLog(told.revision, Number.MAX_SAFE_INTEGER))
        history.committed(this, codec.decodeRecord(record.bytes));
      told = store.head();
    };
    log.onCommit(note);
    if (store.head().revision === 0) {
      log.begin(this.world.random.bytes(32));
      log.append({
        opId: 'first',
        requestDigest: NO_DIGEST,
        actor: { id: 'sim', kind: 'user' },
        comment: '',
        changes: firstSet(),
      });
    }
    this.#guard = new SecondWriterGuard(this.#bootId, REFUSE_START_MS, this.nowMs());
    this.#ship = new ShipDriver({
      process: this,
      log,
      nats: this.#nats,
      codec,
      windowBytes: nats.windowBytes,
      transitions,
      snapshot: () => this.#snapshots!.take(),
      withoutStream: false,
      shipped: (bytes) => {
        const record = codec.decodeRecord(bytes);
        history.observe({ type: 'shipped', node: this.name, record, inNats: nats.hasTaken(bytes) });
      },
      epochBegun: (begun) => history.epochBegun(this, begun),
    });
    log.onCommit(() => this.#tellHead());
    this.every(BEACON_MS, () => this.#tellHead());
    this.#fleet = new FleetView({ process: this, log, codec, history });
    history.fleetBegun(this);
    this.#fleet.open();
    this.watchers.open(log);
    this.#nats.open();
  }

  protected crashed(): void {
    this.#log = undefined;
    this.#snapshots = undefined;
    this.#ship = undefined;
    this.#fleet = undefined;
    this.watchers.forget();
  }

  /** Another control plane of this log stops one that has only just started. */
  #hear(beacon: HeadBeacon): void {
    const verdict = this.#guard!.heard(beacon, this.nowMs());
    if (verdict === 'alarm') this.say(`ALARM: ${beacon.bootId} writes this log too`);
    if (verdict !== 'refuse-start') return;
    this.say(`refuses to start beside ${beacon.bootId}`);
    this.crash();
  }

  #tellHead(): void {
    if (this.log.refusal !== undefined) this.watchers.refuse();
    if (this.log.writesStopped !== undefined) return;
    const beacon = this.beacon();
    if (this.ship.decision.announced) this.#nats.tell((nats) => nats.publishHead(beacon));
    this.watchers.head(beacon);
  }
}
