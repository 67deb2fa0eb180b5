/**
 * Counts what an evaluation reads of its context: each look at a member, and
 * each member that is listed. The context answers as it would by itself.
 */
import type { JsonObject } from '../model.ts';

export class CountedContext {
  reads = 0;
  readonly context: JsonObject;
  /** One proxy for each object, so that identity is as in the context. */
  readonly #proxies = new WeakMap<object, object>();

  constructor(context: JsonObject) {
    this.context = this.#counted(context);
  }

  #counted<T>(value: T): T {
    if (typeof value !== 'object' || value === null) return value;
    let proxy = this.#proxies.get(value);
    if (proxy === undefined) {
      proxy = new Proxy(value, {
        get: (target, name) => {
          this.reads += 1;
          return this.#counted(Reflect.get(target, name) as unknown);
        },
        ownKeys: (target) => {
          const keys = Reflect.ownKeys(target);
          this.reads += keys.length;
          return keys;
        },
      });
      this.#proxies.set(value, proxy);
    }
    return proxy as T;
  }
}
