/**
 * One message of EvaluateStream, read in two steps: at once what it asks for as
 * a whole, so that it can be answered by its id whatever it holds; each of its
 * evaluations when its turn comes, so that nothing holds all of them decoded.
 */
import type { FlagKind, Revision } from '../gen/flagstream/v1/model.ts';
import { readContext, type UncheckedContext } from './context-reader.ts';
import { readRevision } from './revision-reader.ts';
import { LENGTH_DELIMITED, tagOf, VARINT, WireReader } from './wire-reader.ts';

const ID = tagOf(1, VARINT);
const EVALUATIONS = tagOf(2, LENGTH_DELIMITED);
const CONTEXT = tagOf(3, LENGTH_DELIMITED);
const MIN_REVISION = tagOf(4, LENGTH_DELIMITED);
const ALLOW_STALE = tagOf(5, VARINT);
const FLAG_KEY = tagOf(1, LENGTH_DELIMITED);
const OWN_CONTEXT = tagOf(2, LENGTH_DELIMITED);
const EXPECTED_KIND = tagOf(3, VARINT);

const NO_BYTES: Uint8Array = new Uint8Array();

/** One flag for one context, decoded and not checked. */
export interface AskedEvaluation {
  readonly flagKey: string;
  /** Undefined: the message's. */
  readonly context: UncheckedContext | undefined;
  readonly expectedKind: FlagKind;
}

export class StreamedRequest {
  /** The number as it came, to be said again; empty: 0. */
  readonly id: Uint8Array;
  readonly minRevision: Revision | undefined;
  readonly allowStale: boolean;
  readonly #reader: WireReader;
  /** Where each evaluation begins and ends, one after the other. */
  readonly #places: readonly number[];
  /** The same of the message's context; the last counts. */
  readonly #contexts: readonly number[];

  /** @throws FlagstreamError INVALID_FIELD where it cannot be told what is asked, and by whom */
  constructor(bytes: Buffer) {
    const reader = new WireReader(bytes);
    const end = bytes.length;
    const places: number[] = [];
    let id = NO_BYTES;
    const contexts: number[] = [];
    let minRevision: Revision | undefined;
    let allowStale = false;
    while (reader.position < end) {
      const tag = reader.tag(end);
      const start = reader.position;
      if (tag === ALLOW_STALE) allowStale = reader.bool(end);
      else if (tag === MIN_REVISION) minRevision = readRevision(reader, end);
      else reader.skip(tag, end);
      const { position } = reader;
      if (tag === ID) id = bytes.subarray(start, position);
      else if (tag === EVALUATIONS) places.push(start, position);
      else if (tag === CONTEXT) contexts.push(start, position);
    }
    this.id = id;
    this.minRevision = minRevision;
    this.allowStale = allowStale;
    this.#reader = reader;
    this.#places = places;
    this.#contexts = contexts;
  }

  get bytes(): number {
    return this.#reader.bytes.length;
  }

  get evaluations(): number {
    return this.#places.length / 2;
  }

  /** @throws FlagstreamError INVALID_FIELD */
  evaluation(index: number): AskedEvaluation {
    const reader = this.#reader;
    reader.position = this.#places[2 * index]!;
    const end = reader.contentEnd(this.#places[2 * index + 1]!);
    let flagKey = '';
    let context: UncheckedContext | undefined;
    let expectedKind: FlagKind = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === FLAG_KEY) flagKey = reader.name(end);
      else if (tag === OWN_CONTEXT) context = readContext(reader, reader.contentEnd(end));
      else if (tag === EXPECTED_KIND) expectedKind = (reader.varint(end) | 0) as FlagKind;
      else reader.skip(tag, end);
    }
    return { flagKey, context, expectedKind };
  }

  /** Of all evaluations that have none. @throws FlagstreamError INVALID_FIELD */
  context(): UncheckedContext | undefined {
    let context: UncheckedContext | undefined;
    const reader = this.#reader;
    for (let index = 0; index < this.#contexts.length; index += 2) {
      reader.position = this.#contexts[index]!;
      context = readContext(reader, reader.contentEnd(this.#contexts[index + 1]!));
    }
    return context;
  }
}
