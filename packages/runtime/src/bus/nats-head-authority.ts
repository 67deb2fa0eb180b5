/** The control plane's answer about its head, asked for over NATS: for who has no other way to it. */
import { decodeHeadBeacon } from '@flagstream/protocol';
import type { HeadAuthority, HeadBeacon } from '@flagstream/replica';
import type { Bus } from './bus.ts';

export class NatsHeadAuthority implements HeadAuthority {
  readonly #bus: Pick<Bus, 'askHead'>;

  constructor(bus: Pick<Bus, 'askHead'>) {
    this.#bus = bus;
  }

  /** @throws FlagstreamError UNREACHABLE or TIMEOUT when no control plane answers */
  async askHead(): Promise<HeadBeacon> {
    return decodeHeadBeacon(await this.#bus.askHead());
  }
}
