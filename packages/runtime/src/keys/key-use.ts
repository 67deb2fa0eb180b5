/** When each key was used last at this node, to the minute. Soft state: it ends with the process. */

const MINUTE_MS = 60_000;

export class KeyUse {
  readonly #lastMs = new Map<string, number>();

  /** @param nowMs Unix ms */
  note(keyId: string, nowMs: number): void {
    const minuteMs = nowMs - (nowMs % MINUTE_MS);
    if (this.#lastMs.get(keyId) !== minuteMs) this.#lastMs.set(keyId, minuteMs);
  }

  /** What another node has told, or this one has noted. */
  merge(used: Iterable<readonly [keyId: string, lastMs: number]>): void {
    for (const [keyId, lastMs] of used)
      if (lastMs > (this.#lastMs.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#lastMs.set(keyId, lastMs);
  }

  /** Unix ms, or undefined when nobody knows. */
  lastMs(keyId: string): number | undefined {
    return this.#lastMs.get(keyId);
  }

  entries(): Iterable<readonly [keyId: string, lastMs: number]> {
    return this.#lastMs;
  }

  /** Keys that are there no more are forgotten. */
  keep(exists: (keyId: string) => boolean): void {
    for (const keyId of this.#lastMs.keys()) if (!exists(keyId)) this.#lastMs.delete(keyId);
  }
}
