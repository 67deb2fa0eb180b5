/** A subscription that is made anew on each connection. */
import type { Msg, Subscription } from 'nats';
import type { Link, NatsLink } from './nats-link.ts';

export interface StandingSubscriptionOptions {
  readonly link: NatsLink;
  readonly subject: string;
  message(message: Msg): void;
  /** It may not subscribe, for example. */
  failed(error: Error): void;
}

export class StandingSubscription {
  readonly #options: StandingSubscriptionOptions;
  readonly #stopListening: () => void;
  #active: { readonly link: Link; readonly subscription: Subscription } | undefined;

  constructor(options: StandingSubscriptionOptions) {
    this.#options = options;
    this.#stopListening = options.link.onStatus(() => this.#subscribe());
    this.#subscribe();
  }

  stop(): void {
    this.#stopListening();
    this.#active?.subscription.unsubscribe();
    this.#active = undefined;
  }

  #subscribe(): void {
    const { link, subject } = this.#options;
    const current = link.current;
    if (current === undefined || this.#active?.link === current) return;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#options.message(message);
      else this.#options.failed(error);
    };
    this.#active = { link: current, subscription: current.nc.subscribe(subject, { callback }) };
  }
}
