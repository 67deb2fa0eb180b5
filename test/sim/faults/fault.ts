/** A fault: something goes wrong, and is repaired later. */
import type { Cluster } from '../cluster.ts';

export interface Fault {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** For so long, where chance is not to decide. */
  readonly lastsMs?: number;
  /** Does the harm; answers how it is repaired, or undefined when it cannot be done now. */
  inject(cluster: Cluster): (() => void) | undefined;
}
