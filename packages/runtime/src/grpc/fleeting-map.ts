/**
 * A map whose entries come and go, as those of calls do: a queue of a kind.
 *
 * V8's own Map moves to a new table after each few additions, and every old
 * table points to the next one. Once a full collection has moved one of them to
 * the old generation, each later one, and what it held when it was left, is
 * taken for reachable and follows it there: what lived for a millisecond stays
 * until the next full collection. Over a connection that carries one call after
 * another that were 2 KiB a call, and pauses of 0.4 s to collect them.
 *
 * So this one starts over with a Map of its own from time to time: nothing
 * leads from the one that it leaves to the next.
 */

/** Additions after which it starts over: the copy costs nothing beside them, however many entries there are. */
const ADDITIONS = 16;
const ADDITIONS_PER_ENTRY = 2;

export class FleetingMap<K, V> {
  #map = new Map<K, V>();
  #additionsLeft = ADDITIONS;

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  set(key: K, value: V): this {
    if (this.#additionsLeft === 0) {
      this.#map = new Map(this.#map);
      this.#additionsLeft = Math.max(ADDITIONS, ADDITIONS_PER_ENTRY * this.#map.size);
    }
    this.#additionsLeft -= 1;
    this.#map.set(key, value);
    return this;
  }

  delete(key: K): boolean {
    return this.#map.delete(key);
  }

  /** Entries that are added meanwhile may be passed over. */
  forEach(visit: (value: V, key: K) => void): void {
    this.#map.forEach((value, key) => {
      visit(value, key);
    });
  }

  /** Entries that are added meanwhile may be passed over. */
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map[Symbol.iterator]();
  }
}
