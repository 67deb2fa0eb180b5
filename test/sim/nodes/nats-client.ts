/**
 * A process's connection to NATS: knows whether the server answers, asks it
 * things, and hears head beacons. Whatever it asks is answered within a bound,
 * if only with nothing.
 */
import type { HeadBeacon } from '@flagstream/replica';
import type { Network } from '../world/network.ts';
import type { Process } from '../world/process.ts';
import type { SimNats } from './sim-nats.ts';

export interface NatsListener {
  connected(): void;
  disconnected(): void;
  head(beacon: HeadBeacon): void;
}

const PING_MS = 1_000;
const PING_TIMEOUT_MS = 900;
const REQUEST_TIMEOUT_MS = 2_000;
/** Pings without an answer before the connection counts as lost. */
const MISSED_MAX = 2;

export class NatsClient {
  readonly nats: SimNats;
  readonly #network: Network;
  readonly #process: Process;
  readonly #listener: NatsListener;
  /** The server's life that this connection is to; 0: none. */
  #serverLife = 0;
  #missed = 0;
  #stopHearing: () => void = () => undefined;

  constructor(network: Network, process: Process, nats: SimNats, listener: NatsListener) {
    this.nats = nats;
    this.#network = network;
    this.#process = process;
    this.#listener = listener;
  }

  get connected(): boolean {
    return this.#serverLife !== 0;
  }

  /** Call in each life of the process. */
  open(): void {
    this.#serverLife = 0;
    this.#missed = 0;
    this.#ping();
    this.#process.every(PING_MS, () => this.#ping());
  }

  request<A>(serve: (nats: SimNats) => A, hear: (answer: A | undefined) => void): void {
    this.#network.ask<A>(
      this.#process,
      this.nats,
      REQUEST_TIMEOUT_MS,
      (answer) => answer(serve(this.nats)),
      hear,
    );
  }

  /** Without an answer: may be lost. */
  tell(serve: (nats: SimNats) => void): void {
    this.#network.send(this.#process, this.nats, () => serve(this.nats));
  }

  #ping(): void {
    this.#network.ask<number>(
      this.#process,
      this.nats,
      PING_TIMEOUT_MS,
      (answer) => answer(this.nats.life),
      (life) => (life === undefined ? this.#unanswered() : this.#answered(life)),
    );
  }

  #answered(life: number): void {
    this.#missed = 0;
    if (life === this.#serverLife) return;
    if (this.connected) this.#lost();
    this.#serverLife = life;
    this.#stopHearing = this.#hear();
    this.#listener.connected();
  }

  #unanswered(): void {
    this.#missed += 1;
    if (this.#missed >= MISSED_MAX && this.connected) this.#lost();
  }

  #lost(): void {
    this.#serverLife = 0;
    this.#stopHearing();
    this.#listener.disconnected();
  }

  #hear(): () => void {
    const process = this.#process;
    const { life } = process;
    return this.nats.hear((beacon) => {
      this.#network.send(this.nats, process, () => {
        if (process.life === life) this.#listener.head(beacon);
      });
    });
  }
}
