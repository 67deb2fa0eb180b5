/**
 * When each key was used last, to the minute. Soft state: it ends with the
 * process, and nodes tell each other what they know again and again.
 */
const MINUTE_MS = 60_000;

/** A key and the Unix ms of its last use. */
export type KeyUseEntry = readonly [keyId: string, lastMs: number];

export class KeyUse {
  /** In the order in which they were told last: the first in line is the next to be told again. */
  readonly #lastMs = new Map<string, number>();
  /** Noted since they were told. */
  readonly #news = new Set<string>();

  /** @param nowMs Unix ms */
  note(keyId: string, nowMs: number): void {
    const minuteMs = nowMs - (nowMs % MINUTE_MS);
    if (this.#lastMs.get(keyId) === minuteMs) return;
    this.#lastMs.set(keyId, minuteMs);
    this.#news.add(keyId);
  }

  /** What another node has told. */
  merge(used: Iterable<KeyUseEntry>): void {
    for (const [keyId, lastMs] of used)
      if (lastMs > (this.#lastMs.get(keyId) ?? Number.NEGATIVE_INFINITY)) this.#lastMs.set(keyId, lastMs);
  }

  /** Unix ms, or undefined when nobody knows. */
  lastMs(keyId: string): number | undefined {
    return this.#lastMs.get(keyId);
  }

  /**
   * What to tell another node now: what it has not heard of; with `again` also the others, in turn, for one that
   * started anew or missed a message.
   */
  take(max: number, again: boolean): KeyUseEntry[] {
    const keyIds = new Set<string>();
    for (const source of again ? [this.#news, this.#lastMs.keys()] : [this.#news])
      for (const keyId of source) {
        if (keyIds.size >= max) break;
        keyIds.add(keyId);
      }
    return [...keyIds].map((keyId) => this.#told(keyId));
  }

  #told(keyId: string): KeyUseEntry {
    this.#news.delete(keyId);
    const lastMs = this.#lastMs.get(keyId)!;
    this.#lastMs.delete(keyId);
    this.#lastMs.set(keyId, lastMs);
    return [keyId, lastMs];
  }
}
