/**
 * What clients of EventStream were told by their last stream. They reopen it every ten minutes, mostly over the same
 * connection, and say nothing about themselves: a connection is what they are known by. One that is lost is another
 * client to this node, which is then told of everything; and so are those who share a connection, behind a proxy.
 */
import type { EnvironmentReplica, EnvironmentState } from '../state/environment-replica.ts';

interface LastStream {
  readonly environment: EnvironmentReplica;
  readonly selector: string;
  readonly state: EnvironmentState;
}

/** Those who reopen a stream do so within seconds: Java's and Node's clients wait for up to 12 s, Rust's for 120. */
const KEPT_MS = 150_000;
/** As many as there are streams on a node; beyond, the oldest are forgotten, and told everything. */
const KEPT_MAX = 20_000;

export class LastStreams {
  readonly #monotonicMs: () => number;
  /** Open streams by peer, where there are any. */
  readonly #open = new Map<string, number>();
  /** By peer, oldest first. */
  readonly #last = new Map<string, LastStream & { readonly atMs: number }>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** A stream of a connection begins: the state that its last stream of the same flags had told of, or undefined. */
  opened(peer: string, environment: EnvironmentReplica, selector: string): EnvironmentState | undefined {
    this.#open.set(peer, (this.#open.get(peer) ?? 0) + 1);
    const last = this.#last.get(peer);
    this.#last.delete(peer);
    if (last === undefined || last.environment !== environment || last.selector !== selector)
      return undefined;
    return this.#monotonicMs() - last.atMs <= KEPT_MS ? last.state : undefined;
  }

  /** A stream of a connection has ended. */
  closed(peer: string, stream: LastStream): void {
    const open = (this.#open.get(peer) ?? 1) - 1;
    if (open > 0) {
      // Whose stream the next one will be is anybody's guess.
      this.#open.set(peer, open);
      return;
    }
    this.#open.delete(peer);
    const atMs = this.#monotonicMs();
    for (const [key, { atMs: thenMs }] of this.#last) {
      if (this.#last.size < KEPT_MAX && atMs - thenMs <= KEPT_MS) break;
      this.#last.delete(key);
    }
    this.#last.set(peer, { ...stream, atMs });
  }
}
