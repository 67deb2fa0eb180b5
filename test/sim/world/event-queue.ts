/**
 * What will happen, by moment: a binary heap. Events of one moment happen in
 * the order in which they were put in.
 */
export interface FutureEvent {
  readonly ms: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class EventQueue {
  readonly #heap: FutureEvent[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  put(ms: number, run: () => void): FutureEvent {
    const event: FutureEvent = { ms, order: this.#order++, run, cancelled: false };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
    return event;
  }

  /** When the next event is due. */
  get nextMs(): number {
    return this.#heap[0]?.ms ?? Number.POSITIVE_INFINITY;
  }

  take(): FutureEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (before(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: FutureEvent, b: FutureEvent): boolean {
  return a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
}
