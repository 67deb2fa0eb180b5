/** Snapshots for a follower, from NATS: where one starts when the control plane is away. */
import { fail } from '@flagstream/protocol';
import type { Snapshot, SnapshotSource } from '@flagstream/replica';
import type { Bus } from './bus.ts';

export class NatsSnapshots implements SnapshotSource {
  readonly origin = 'nats';
  readonly #bus: Pick<Bus, 'fetchSnapshot'>;

  constructor(bus: Pick<Bus, 'fetchSnapshot'>) {
    this.#bus = bus;
  }

  /** @throws FlagstreamError NOT_READY when NATS holds no whole snapshot, UNREACHABLE while it is away */
  async fetch(): Promise<Snapshot> {
    const snapshot = await this.#bus.fetchSnapshot();
    if (snapshot === undefined) throw fail('NOT_READY', 'NATS holds no whole snapshot');
    return snapshot;
  }
}
