/**
 * What the shipper does next, as a reducer: events in, effects out, no I/O and
 * no clock. Stream sequence n holds revision base + n, byte for byte.
 *
 * Holds true: nothing is sent to a place that was not compared with the stream
 * since the connection last changed or an append last failed. A record that is
 * not ours at a place that is ends shipping for good.
 */

export type ShipEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** The newest record has this sequence. */
  | { readonly type: 'committed'; readonly headSeq: number }
  | { readonly type: 'inspected'; readonly attempt: number; readonly stream: StreamView }
  | { readonly type: 'inspection-failed'; readonly attempt: number; readonly detail: string }
  | { readonly type: 'appended'; readonly attempt: number; readonly seq: number }
  /** The stream ends elsewhere than expected. */
  | { readonly type: 'conflicted'; readonly attempt: number }
  /** Refused, or its fate is unknown. */
  | { readonly type: 'append-failed'; readonly attempt: number; readonly detail: string }
  | { readonly type: 'retry'; readonly attempt: number };

export type StreamView =
  | { readonly kind: 'missing' }
  /** `tail`: the record at lastSeq, against ours. Of an empty stream, "ours". */
  | { readonly kind: 'found'; readonly lastSeq: number; readonly tail: 'ours' | 'other' | 'gone' };

export type ShipEffect =
  | { readonly type: 'inspect'; readonly attempt: number }
  | { readonly type: 'create-stream'; readonly attempt: number }
  | { readonly type: 'send'; readonly attempt: number; readonly seq: number }
  /** An event 'retry' is wanted after a pause that grows. */
  | { readonly type: 'pause'; readonly attempt: number; readonly detail: string }
  | { readonly type: 'forked'; readonly detail: string };

export type ShipPhase = 'down' | 'comparing' | 'shipping' | 'forked';

export class ShipDecision {
  readonly #pipelineMax: number;
  #phase: ShipPhase = 'down';
  /** Grows whenever what is under way no longer counts; answers of an older attempt are dropped. */
  #attempt = 0;
  #headSeq: number;
  #sentSeq = 0;
  #ackedSeq = 0;

  constructor(settings: { readonly headSeq: number; readonly pipelineMax: number }) {
    this.#headSeq = settings.headSeq;
    this.#pipelineMax = settings.pipelineMax;
  }

  get phase(): ShipPhase {
    return this.#phase;
  }

  /** Sequence up to which the stream is known to hold our records; 0 before it was seen. */
  get shippedSeq(): number {
    return this.#ackedSeq;
  }

  /** Records that wait for the stream; all of them before it was seen. */
  get pending(): number {
    return this.#headSeq - this.#ackedSeq;
  }

  handle(event: ShipEvent): readonly ShipEffect[] {
    if (this.#phase === 'forked') return [];
    if ('attempt' in event && event.attempt !== this.#attempt) return [];
    switch (event.type) {
      case 'connected':
        return this.#compare();
      case 'disconnected':
        this.#phase = 'down';
        this.#attempt += 1;
        return [];
      case 'committed':
        this.#headSeq = event.headSeq;
        return this.#phase === 'shipping' ? this.#send() : [];
      case 'inspected':
        return this.#inspected(event.stream);
      case 'appended':
        this.#ackedSeq = Math.max(this.#ackedSeq, event.seq);
        return this.#send();
      case 'conflicted':
        return this.#compare();
      case 'inspection-failed':
      case 'append-failed':
        this.#phase = 'comparing';
        this.#attempt += 1;
        return [{ type: 'pause', attempt: this.#attempt, detail: event.detail }];
      case 'retry':
        return this.#compare();
    }
  }

  #compare(): readonly ShipEffect[] {
    this.#phase = 'comparing';
    this.#attempt += 1;
    return [{ type: 'inspect', attempt: this.#attempt }];
  }

  #inspected(stream: StreamView): readonly ShipEffect[] {
    if (stream.kind === 'missing') {
      this.#ackedSeq = 0;
      return [{ type: 'create-stream', attempt: this.#attempt }];
    }
    const { lastSeq, tail } = stream;
    if (lastSeq > this.#headSeq)
      return this.#fork(`the stream is ${lastSeq - this.#headSeq} records ahead of this log`);
    if (tail === 'other') return this.#fork(`the stream holds another record at sequence ${lastSeq}`);
    if (tail === 'gone') {
      this.#attempt += 1;
      const detail = `the record at sequence ${lastSeq} cannot be read`;
      return [{ type: 'pause', attempt: this.#attempt, detail }];
    }
    this.#phase = 'shipping';
    this.#ackedSeq = lastSeq;
    this.#sentSeq = lastSeq;
    return this.#send();
  }

  #send(): readonly ShipEffect[] {
    const effects: ShipEffect[] = [];
    while (this.#sentSeq < this.#headSeq && this.#sentSeq - this.#ackedSeq < this.#pipelineMax) {
      this.#sentSeq += 1;
      effects.push({ type: 'send', attempt: this.#attempt, seq: this.#sentSeq });
    }
    return effects;
  }

  #fork(detail: string): readonly ShipEffect[] {
    this.#phase = 'forked';
    return [{ type: 'forked', detail }];
  }
}
