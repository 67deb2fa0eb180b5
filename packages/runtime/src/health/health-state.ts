/**
 * Which parts of a process serve: '' (the whole), each service, `liveness` and
 * `readiness`. gRPC health, /healthz and /readyz all read this one state.
 * After drain() it stays not serving, whatever is set later.
 */

export type HealthListener = (serving: boolean) => void;

export const WHOLE_PROCESS = '';
export const LIVENESS = 'liveness';
export const READINESS = 'readiness';

export class HealthState {
  readonly #serving = new Map<string, boolean>([
    [WHOLE_PROCESS, false],
    [LIVENESS, true],
    [READINESS, false],
  ]);
  readonly #listeners = new Map<string, Set<HealthListener>>();
  /** Services that follow readiness. */
  readonly #followers = new Set<string>();
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** A service that follows readiness until somebody sets it by name. */
  register(service: string): void {
    if (this.#serving.has(service)) return;
    this.#followers.add(service);
    this.#put(service, this.#serving.get(READINESS) === true);
  }

  /** Sets one part. Ignored while draining, except for liveness. */
  set(service: string, serving: boolean): void {
    if (this.#draining && service !== LIVENESS) return;
    this.#followers.delete(service);
    this.#put(service, serving);
  }

  /** Sets the whole process, readiness and the services that follow it. */
  setReady(ready: boolean): void {
    if (this.#draining) return;
    this.#put(READINESS, ready);
    this.#put(WHOLE_PROCESS, ready);
    for (const service of this.#followers) this.#put(service, ready);
  }

  /** Everything but liveness stops serving, for good. */
  drain(): void {
    this.#draining = true;
    for (const service of this.#serving.keys()) if (service !== LIVENESS) this.#put(service, false);
  }

  /** Undefined: no such part. */
  serving(service: string): boolean | undefined {
    return this.#serving.get(service);
  }

  entries(): readonly (readonly [service: string, serving: boolean])[] {
    return [...this.#serving.entries()];
  }

  /** Calls the listener at each change of a part, also of one that appears later; returns how to stop. */
  onChange(service: string, listener: HealthListener): () => void {
    const listeners = this.#listeners.get(service) ?? new Set();
    this.#listeners.set(service, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(service) === listeners) this.#listeners.delete(service);
    };
  }

  #put(service: string, serving: boolean): void {
    if (this.#serving.get(service) === serving) return;
    this.#serving.set(service, serving);
    for (const listener of this.#listeners.get(service) ?? []) listener(serving);
  }
}
