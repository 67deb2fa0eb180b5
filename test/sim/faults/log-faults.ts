/** Faults of the truth itself: an older file, or two of it. */
import type { Cluster } from '../cluster.ts';
import type { ControlPlane } from '../nodes/control-plane.ts';
import { pair } from '../world/content.ts';
import type { Fault } from './fault.ts';

const NO_DIGEST = new Uint8Array(0);
/** The copy writes this often while it can. */
const COPY_WRITES_MS = 600;

export const logFaults: readonly Fault[] = [
  {
    name: 'control plane is put back from a backup',
    weight: 2,
    inject({ controlPlane, backups }) {
      if (!controlPlane.up) return undefined;
      const head = controlPlane.head();
      const copy = controlPlane.disk.copy();
      return () => backups.putBack(copy, head);
    },
  },
  {
    name: 'a second control plane runs on a copied file',
    weight: 2,
    inject(cluster) {
      const copy = cluster.copiedControlPlane(`cp${cluster.world.events}`);
      copy.start();
      write(cluster, copy);
      return () => copy.crash();
    },
  },
];

/** Somebody uses the wrong one. */
function write(cluster: Cluster, copy: ControlPlane): void {
  copy.every(COPY_WRITES_MS, () => {
    const changes = pair(`v${cluster.world.random.int(0, 7)}`);
    const opId = `${copy.name}-${cluster.world.events}`;
    copy.write({
      opId,
      requestDigest: NO_DIGEST,
      actor: { id: 'misled', kind: 'user' },
      comment: '',
      changes,
    });
  });
}
