/**
 * One epoch's stream in the simulated NATS: a window by bytes over a sequence,
 * appended to on condition of where it ends, like JetStream's with
 * `discard: old` and Nats-Expected-Last-Sequence.
 */
import { keyOf } from '../world/record-memory.ts';

export interface StreamAppend {
  readonly kind: 'ok' | 'conflict';
  readonly seq: number;
}

export class NatsStream {
  readonly epoch: number;
  readonly #bytesMax: number;
  readonly #taken: Set<string>;
  #firstSeq = 1;
  #records: Uint8Array[] = [];
  #bytes = 0;

  /** @param taken is told of every record that was ever here */
  constructor(epoch: number, bytesMax: number, taken: Set<string>) {
    this.epoch = epoch;
    this.#bytesMax = bytesMax;
    this.#taken = taken;
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#firstSeq + this.#records.length - 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  read(seq: number): Uint8Array | undefined {
    return this.#records[seq - this.#firstSeq];
  }

  append(bytes: Uint8Array, expectedLastSeq: number): StreamAppend {
    if (expectedLastSeq !== this.lastSeq) return { kind: 'conflict', seq: this.lastSeq };
    this.push(bytes);
    return { kind: 'ok', seq: this.lastSeq };
  }

  /** Without a condition: what a stranger does. */
  push(bytes: Uint8Array): void {
    this.#records.push(bytes);
    this.#taken.add(keyOf(bytes));
    this.#bytes += bytes.length;
    while (this.#bytes > this.#bytesMax && this.#records.length > 1) {
      this.#bytes -= this.#records.shift()!.length;
      this.#firstSeq += 1;
    }
  }

  /** The newest are gone, as after a power loss. */
  loseNewest(count: number): void {
    for (let i = 0; i < count && this.#records.length > 0; i++) this.#bytes -= this.#records.pop()!.length;
  }

  copy(): NatsStream {
    const copy = new NatsStream(this.epoch, this.#bytesMax, this.#taken);
    copy.#firstSeq = this.#firstSeq;
    copy.#records = [...this.#records];
    copy.#bytes = this.#bytes;
    return copy;
  }
}
