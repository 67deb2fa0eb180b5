// One real SDK client that is watched: it says when it went back or lost its stream, can lose its stream by order, and
// can leave without a word.

import { createClient, type FlagstreamClient } from '@flagstream/client';
import { grpcDial } from '../../packages/client/src/sync/grpc-dial.ts';
import type { SyncStream, SyncStreamListener } from '../../packages/client/src/sync/sync-stream.ts';

/** As a client tells it. */
interface Place {
  readonly epoch: number;
  readonly revision: number;
}

export class SdkSubject {
  /** Positions in force that were older than the one before. */
  regressions = 0;
  /** Times that no stream served any more. */
  losses = 0;
  readonly #client: FlagstreamClient;
  readonly #dial = grpcDial({ named: {}, apiKey: undefined, tls: false });
  readonly #streams = new Set<SyncStream>();
  #last: Place | undefined;
  /** The next frame that it would send cuts the stream instead. */
  #silent = false;

  /** @param endpoint host:port */
  constructor(endpoint: string, instanceId: string) {
    this.#client = createClient({
      target: endpoint,
      instanceId,
      dial: (address, listener) => this.#open(address, listener),
    });
    this.#client.on('live', (place) => this.#saw(place));
    this.#client.on('change', (place) => this.#saw(place));
    this.#client.on('stale', () => {
      this.losses += 1;
    });
  }

  async ready(timeoutMs: number): Promise<void> {
    await this.#client.waitForReady(timeoutMs);
  }

  isCurrent(revision: number): boolean {
    const { state, position } = this.#client.status();
    this.#saw(position);
    return state === 'live' && (position?.revision ?? 0) >= revision;
  }

  /** Keys of boolean flags that it evaluates otherwise than told. */
  wrongValues(values: Readonly<Record<string, boolean>>): readonly string[] {
    return Object.entries(values).flatMap(([key, value]) =>
      this.#client.booleanValue(key, !value, { targetingKey: 'subject' }) === value ? [] : key,
    );
  }

  /** Its stream breaks; answers whether it had one. */
  cut(): boolean {
    const wasLive = this.#client.status().state === 'live';
    for (const stream of this.#streams) stream.cancel();
    return wasLive;
  }

  /** @param silently without a Bye */
  async close(silently: boolean): Promise<void> {
    this.#silent = silently;
    await this.#client.close();
  }

  #open(address: string, listener: SyncStreamListener): SyncStream {
    const stream = this.#dial(address, {
      message: (bytes) => listener.message(bytes),
      ended: (error) => {
        this.#streams.delete(stream);
        listener.ended(error);
      },
    });
    this.#streams.add(stream);
    return {
      send: (bytes) => (this.#silent ? stream.cancel() : stream.send(bytes)),
      end: () => stream.end(),
      cancel: () => stream.cancel(),
    };
  }

  #saw(place: Place | undefined): void {
    if (place === undefined) return;
    if (this.#last !== undefined && isOlder(place, this.#last)) this.regressions += 1;
    this.#last = place;
  }
}

function isOlder(place: Place, other: Place): boolean {
  return place.epoch === other.epoch ? place.revision < other.revision : place.epoch < other.epoch;
}
