// How long an installation needs once a fault has ended: measured from the moment that a row names, with a write that
// begins then, so that what every evaluator had before cannot count.

import type { FaultSite } from './fault-site.ts';
import type { Workload } from './workload.ts';

export class Recovery {
  readonly #site: FaultSite;
  readonly #workload: Workload;
  readonly #measured: Promise<number>[] = [];

  constructor(site: FaultSite, workload: Workload) {
    this.#site = site;
    this.#workload = workload;
  }

  /**
   * The fault ends now. Resolves when a write that begins now is acknowledged and every evaluator has it. May be
   * called before what was taken away is started again; rows with several faults call it for each.
   */
  readonly healed = (): Promise<void> => {
    const measured = this.#measure();
    this.#measured.push(measured);
    const reached = measured.then(() => undefined);
    // A row need not wait for it, and one that fails before it does has said why; slowestMs tells of this one.
    reached.catch(() => undefined);
    return reached;
  };

  /** The longest so far. Rejects when one was in vain, or none was measured. */
  async slowestMs(): Promise<number> {
    if (this.#measured.length === 0) throw new Error('nobody said when the fault ended');
    return Math.max(...(await Promise.all(this.#measured)));
  }

  async #measure(): Promise<number> {
    const startedMs = performance.now();
    const written = await this.#workload.write();
    if (written === undefined) throw new Error('the first write after the fault was not taken');
    await this.#site.reached(written.place);
    return performance.now() - startedMs;
  }
}
