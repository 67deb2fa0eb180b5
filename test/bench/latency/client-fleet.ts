// Real SDK clients in this process, and the moment at which all of them evaluate by a change.

import { createClient, type FlagstreamClient } from '@flagstream/client';
import { hold } from '../../support/resources.ts';

interface Awaited {
  readonly revision: number;
  readonly enabled: boolean;
}

export class ClientFleet {
  readonly #clients: readonly FlagstreamClient[];
  readonly #flagKey: string;
  /** Revision that each client applied last. */
  readonly #applied: number[];
  #arrived: () => void = () => undefined;

  private constructor(clients: readonly FlagstreamClient[], flagKey: string) {
    this.#clients = clients;
    this.#flagKey = flagKey;
    this.#applied = clients.map((client) => client.status().position?.revision ?? 0);
    clients.forEach((client, index) => {
      client.on('change', ({ revision }) => {
        this.#applied[index] = revision;
        this.#arrived();
      });
    });
  }

  static async start(size: number, port: number, flagKey: string): Promise<ClientFleet> {
    const clients = Array.from({ length: size }, () => createClient({ target: `127.0.0.1:${port}` }));
    hold({
      what: `${size} SDK clients`,
      release: async () => void (await Promise.all(clients.map((client) => client.close()))),
      releaseNow: () => undefined,
    });
    await Promise.all(clients.map((client) => client.waitForReady(20_000)));
    return new ClientFleet(clients, flagKey);
  }

  /**
   * Call before the change is sent; answers when the last client has applied the next revision.
   * @throws Error when a client then evaluates otherwise, or skipped the revision.
   */
  async nextChange({ revision, enabled }: Awaited): Promise<number> {
    await new Promise<void>((resolve) => {
      let waiting = this.#clients.length;
      this.#arrived = () => {
        waiting--;
        if (waiting === 0) resolve();
      };
    });
    const appliedMs = performance.now();
    const wrong = this.#clients.filter(
      (client, index) =>
        this.#applied[index] !== revision ||
        client.booleanValue(this.#flagKey, !enabled, { targetingKey: 'user-17' }) !== enabled,
    );
    if (wrong.length > 0)
      throw new Error(`${wrong.length} of ${this.#clients.length} clients do not run revision ${revision}`);
    return appliedMs;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
