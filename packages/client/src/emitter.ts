/**
 * Typed events. Listeners run in a microtask, in the order of the events, so
 * that none of them can act in the middle of a transition; what they throw is
 * reported and stops nobody else.
 */
export type Listener<T> = (event: T) => void;

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Listener<never>>>();
  readonly #onThrow: (event: keyof Events, thrown: unknown) => void;

  constructor(onThrow: (event: keyof Events, thrown: unknown) => void) {
    this.#onThrow = onThrow;
  }

  /** The answer removes the listener. */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    queueMicrotask(() => {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) {
        try {
          (listener as Listener<Events[E]>)(payload);
        } catch (thrown) {
          this.#onThrow(event, thrown);
        }
      }
    });
  }
}
