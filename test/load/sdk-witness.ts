// One real SDK client in each load process: thin clients do not look at what they were sent, this one evaluates by it.

import { type ClientOptions, createClient, type FlagstreamClient } from '@flagstream/client';
import { until } from '../support/until.ts';
import type { Way } from './bare-stream.ts';

const LIVE_MAX_MS = 60_000;
const FOLLOW_MAX_MS = 60_000;

export class SdkWitness {
  readonly #client: FlagstreamClient;

  constructor(endpoints: readonly string[], { authority, apiKey }: Way, instanceId: string) {
    const options: ClientOptions = {
      target: endpoints,
      instanceId,
      ...(authority === undefined ? {} : { tls: { rootCertificates: Buffer.from(authority) } }),
      ...(apiKey === undefined ? {} : { apiKey }),
    };
    this.#client = createClient(options);
  }

  async ready(): Promise<void> {
    await this.#client.waitForReady(LIVE_MAX_MS);
  }

  isCurrent(revision: number): boolean {
    const { state, position } = this.#client.status();
    return state === 'live' && (position?.revision ?? 0) >= revision;
  }

  /** Keys of boolean flags that it evaluates otherwise than told, once it follows a server at the revision. */
  async wrongValues(revision: number, values: Readonly<Record<string, boolean>>): Promise<readonly string[]> {
    await until(() => this.isCurrent(revision), {
      what: `the SDK client at revision ${revision}`,
      timeoutMs: FOLLOW_MAX_MS,
    });
    return Object.entries(values).flatMap(([key, value]) =>
      this.#client.booleanValue(key, !value, { targetingKey: 'witness' }) === value ? [] : key,
    );
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
