/**
 * The person on call: sees that the control plane refuses writes, and decides
 * after a while that its log is the one that goes on.
 */
import type { Cluster } from '../cluster.ts';
import { Process } from '../world/process.ts';

const LOOK_MS = 1_000;
/** Looks in a row that find writes stopped before the person decides. */
const PATIENCE = { min: 2, max: 8 } as const;
const BY = { actor: { id: 'operator', kind: 'user' }, comment: 'this one goes on' };

export class Operator extends Process {
  readonly #cluster: Cluster;
  #stoppedLooks = 0;

  constructor(cluster: Cluster) {
    super(cluster.world, 'op');
    this.#cluster = cluster;
  }

  protected started(): void {
    this.every(LOOK_MS, () => this.#look());
  }

  protected crashed(): void {
    // People do not crash.
  }

  #look(): void {
    const { controlPlane } = this.#cluster;
    if (!controlPlane.up || controlPlane.log.writesStopped === undefined) {
      this.#stoppedLooks = 0;
      return;
    }
    this.#stoppedLooks += 1;
    if (this.#stoppedLooks < this.world.random.int(PATIENCE.min, PATIENCE.max)) return;
    this.#stoppedLooks = 0;
    this.say('takes over');
    this.#cluster.backups.tookOver();
    controlPlane.ship.handle({ type: 'take-over', by: BY });
  }
}
