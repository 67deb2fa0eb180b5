/**
 * One EvaluateStream: messages in, an answer for each out, by id and in the
 * order in which they are ready.
 *
 * Holds true: nothing grows with a caller that does not read. Of a stream whose
 * answers are not taken, or too many of whose messages wait, nothing more is
 * read until that is over; what it sends meanwhile stays on its own side.
 */
import { setMaxListeners } from 'node:events';
import {
  FlagstreamError,
  fail,
  invalidField,
  LIMITS,
  limitExceeded,
  StreamedRequest,
  withMetadata,
} from '@flagstream/protocol';
import { type CallContext, endWithError, GatheredWrites } from '@flagstream/runtime';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { FanoutMember } from '../fanout/change-fanout.ts';
import type { OpenStream } from '../fanout/stream-registry.ts';
import { type EnvironmentReplica, environmentArchived } from '../state/environment-replica.ts';
import { EVALUATIONS_PER_CALL, type Evaluator } from './evaluate.ts';
import type { Serving } from './serving.ts';
import { streamedRefusal } from './streamed-answer.ts';

/** What a gRPC call of it is. */
export type EvaluationCall = ServerDuplexStream<Buffer, Buffer>;

export interface EvaluationStreamOptions {
  readonly call: EvaluationCall;
  readonly context: CallContext;
  readonly evaluator: Evaluator;
  readonly serving: Serving;
  readonly environment: EnvironmentReplica;
  readonly onClose: (reason: string) => void;
}

/** A message without its evaluations, as evaluations: a third of a call. */
const EVALUATIONS_PER_MESSAGE = 8;
/** The same of a byte. */
const EVALUATIONS_PER_BYTE = EVALUATIONS_PER_CALL / LIMITS.requestBytesPerCall;
/** What an answer takes while it waits, beside its bytes. */
const UNSENT_OVERHEAD_BYTES = 256;

export class EvaluationStream implements OpenStream, FanoutMember {
  readonly #options: EvaluationStreamOptions;
  readonly #answers: GatheredWrites<Buffer>;
  /** Messages that wait for a revision. */
  #waits = 0;
  #waited = false;
  /** Messages that take some turns of the loop. */
  #works = 0;
  #unsentBytes = 0;
  /** Work of this stream that its key has not paid yet, in evaluations: less than a call. */
  #owed = 0;
  /** No further message comes. */
  #last: 'half-closed' | 'draining' | undefined;
  #closed = false;

  constructor(options: EvaluationStreamOptions) {
    this.#options = options;
    const { call } = options;
    this.#answers = new GatheredWrites(call);
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    call.once('end', () => this.#finishAfter('half-closed'));
    call.once('cancelled', () => this.#close('cancelled'));
  }

  get dirty(): boolean {
    return this.#waits > 0 || this.#works > 0 || this.#unsentBytes > 0;
  }

  changed(): void {
    const { environment, serving } = this.#options;
    if (!environment.gone) return;
    this.#end('archived', withMetadata(environmentArchived(environment), serving.place(false)));
  }

  /** The process stops: what was begun is answered, and the rest can be sent elsewhere. */
  drain(): void {
    this.#options.call.pause();
    this.#finishAfter('draining');
  }

  #receive(bytes: Buffer): void {
    if (this.#closed || this.#last === 'draining' || this.#options.call.writableEnded) return;
    let request: StreamedRequest;
    try {
      request = new StreamedRequest(bytes);
    } catch (error) {
      this.#end('protocol', error);
      return;
    }
    try {
      this.#check(request);
      const { evaluator, context } = this.#options;
      if (request.minRevision !== undefined) this.#expectWaits();
      const answer = evaluator.streamed(request, context);
      if (answer instanceof Promise) this.#await(request, answer);
      else this.#send(answer);
    } catch (error) {
      this.#refuse(request, error);
    }
    this.#readOrPause();
  }

  /** @throws FlagstreamError INVALID_FIELD, LIMIT_EXCEEDED, OVERLOADED */
  #check({ evaluations, bytes }: StreamedRequest): void {
    if (evaluations === 0) throw invalidField('evaluations', 'must hold at least one');
    const { streamedEvaluationsMax } = LIMITS;
    if (evaluations > streamedEvaluationsMax)
      throw limitExceeded(
        'evaluations',
        `${evaluations} are given, at most ${streamedEvaluationsMax} are allowed in one message`,
      );
    const owed = this.#owed + EVALUATIONS_PER_MESSAGE + evaluations + bytes * EVALUATIONS_PER_BYTE;
    const calls = Math.floor(owed / EVALUATIONS_PER_CALL);
    // One is the stream's own, taken when it was let in.
    this.#options.context.costs(1 + calls);
    this.#owed = owed - calls * EVALUATIONS_PER_CALL;
  }

  /** Each wait listens for the end of the stream. */
  #expectWaits(): void {
    if (!this.#waited) setMaxListeners(LIMITS.streamedWaitsMax, this.#options.context.signal);
    this.#waited = true;
  }

  #await(request: StreamedRequest, answer: Promise<Buffer>): void {
    const waits = request.minRevision !== undefined;
    if (waits) this.#waits += 1;
    else this.#works += 1;
    const over = (): void => {
      if (waits) this.#waits -= 1;
      else this.#works -= 1;
      this.#endIfLast();
      this.#readOrPause();
    };
    answer
      .then((frame) => this.#send(frame))
      .catch((error) => this.#refuse(request, error))
      .then(over, over);
  }

  #send(frame: Buffer): void {
    const { call } = this.#options;
    if (this.#closed || call.writableEnded || call.destroyed) return;
    const bytes = frame.length + UNSENT_OVERHEAD_BYTES;
    this.#unsentBytes += bytes;
    this.#answers.write(frame, () => {
      this.#unsentBytes -= bytes;
      if (call.isPaused()) this.#readOrPause();
    });
  }

  /** What nobody foresaw ends the stream; the rest is an answer. */
  #refuse(request: StreamedRequest, error: unknown): void {
    const { serving } = this.#options;
    if (error instanceof FlagstreamError) this.#send(streamedRefusal(request, error, serving.stamp()));
    else this.#defect(error);
  }

  #defect(error: unknown): void {
    this.#options.context.logger.error({ err: error }, 'a stream failed with an error nobody foresaw');
    this.#end('defect', error);
  }

  #readOrPause(): void {
    const { call } = this.#options;
    if (this.#closed || this.#last !== undefined) return;
    const full =
      this.#works > 0 ||
      this.#waits >= LIMITS.streamedWaitsMax ||
      this.#unsentBytes > LIMITS.streamedUnsentBytesMax;
    if (full) call.pause();
    else if (call.isPaused()) call.resume();
  }

  #finishAfter(last: 'half-closed' | 'draining'): void {
    // Of one whose caller has sent everything nothing is left unanswered, also when the process stops.
    this.#last ??= last;
    this.#endIfLast();
  }

  #endIfLast(): void {
    if (this.#closed || this.#last === undefined || this.#waits > 0 || this.#works > 0) return;
    if (this.#last === 'draining') {
      this.#end('draining', fail('DRAINING', 'server draining'));
      return;
    }
    this.#close('ended');
    this.#options.call.end();
  }

  #end(reason: string, error: unknown): void {
    if (this.#closed) return;
    this.#close(reason);
    endWithError(this.#options.call, error);
  }

  #close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose(reason);
  }
}
