/**
 * The answer to a batch as bytes, made result by result: encoding is most of
 * what a batch costs, so it is done in the steps of its evaluation. Results of
 * the same evaluation, which engines share between contexts, are encoded once.
 */
import type { Evaluation } from '@flagstream/engine';
import { type AnswerPlace, LIMITS, limitExceeded } from '@flagstream/protocol';
import { EvaluateBatchResponse } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { encodedEvaluation } from './encoded-result.ts';

/** EvaluateBatchResponse.results: field 1, of a length. */
const RESULTS_TAG = 0x0a;

export class BatchAnswer {
  readonly #place: AnswerPlace;
  /** By evaluation; of flags that are not found, by key. */
  readonly #known = new Map<Evaluation | string, Uint8Array>();
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Of the context that is being answered. */
  #results: Uint8Array[] = [];
  #resultBytes = 0;

  constructor(place: AnswerPlace) {
    this.#place = place;
  }

  /** @throws FlagstreamError LIMIT_EXCEEDED */
  add(evaluation: Evaluation): void {
    // That a flag is not there has nothing to do with the context.
    const same = evaluation.errorCode === 'FLAG_NOT_FOUND' ? evaluation.flagKey : evaluation;
    let bytes = this.#known.get(same);
    if (bytes === undefined) {
      bytes = encodedEvaluation(this.#place, evaluation);
      this.#known.set(same, bytes);
    }
    this.#results.push(bytes);
    this.#resultBytes += bytes.length;
    if (this.#bytes + this.#resultBytes > LIMITS.batchAnswerBytesMax) throw tooLarge();
  }

  /** What was added since the last one is the answer for one context. */
  endContext(): void {
    const length = lengthPrefix(this.#resultBytes);
    for (const part of [length, ...this.#results]) this.#parts.push(part);
    this.#bytes += length.length + this.#resultBytes;
    this.#results = [];
    this.#resultBytes = 0;
  }

  finish(rest: Omit<EvaluateBatchResponse, 'results'>): Buffer {
    return Buffer.concat([...this.#parts, EvaluateBatchResponse.encode({ results: [], ...rest }).finish()]);
  }
}

function lengthPrefix(length: number): Uint8Array {
  const bytes = [RESULTS_TAG];
  let left = length;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}

function tooLarge(): Error {
  return limitExceeded(
    'contexts',
    `the answer is larger than ${LIMITS.batchAnswerBytesMax} bytes: ask for fewer contexts or flags at once`,
  );
}
