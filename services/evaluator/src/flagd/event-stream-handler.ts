/**
 * EventStream of flagd's contracts. Its clients keep answers whose reason is STATIC until an event names the flag, and
 * hear nothing while they are away. So a client that comes back is told what has changed since its last stream, where
 * this node knows that, and of every flag where it does not: no client keeps an answer from before an outage, as with
 * flagd they do.
 *
 * Holds true: a stream ends with an error, never with OK, after which Node's client would stay silent for good.
 */
import { type CallContext, type ServerStreamHandler, serverStream } from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { inTurn, type StreamAdmission } from '../admission/stream-admission.ts';
import { GrpcSink, type LatestContent } from '../fanout/latest-stream.ts';
import { openLatest, type StreamWakers } from '../fanout/open-latest.ts';
import type { StreamRegistry } from '../fanout/stream-registry.ts';
import { type ViewOf, viewFor } from '../serve/answer-view.ts';
import { ANY_REVISION, type BoundedAnswers } from '../serve/bounded-answers.ts';
import type { EnvironmentReplica, EnvironmentState } from '../state/environment-replica.ts';
import { type EventNotices, KEEP_ALIVE, PROVIDER_READY, PROVIDER_SHUTDOWN } from './event-notices.ts';
import type { LastStreams } from './last-streams.ts';
import { selectionOf } from './selected-view.ts';
import { type Selector, selectorOf, selectorWord } from './selector.ts';

export interface EventStreamParts extends StreamWakers {
  readonly answers: BoundedAnswers;
  readonly admission: StreamAdmission;
  readonly eventStreams: StreamRegistry;
  readonly notices: EventNotices;
  readonly lastStreams: LastStreams;
}

/** As flagd does. */
const KEEP_ALIVE_MS = 20_000;

type Sink = ServerWritableStream<unknown, Buffer>;

export function eventStreamHandler(parts: EventStreamParts): ServerStreamHandler {
  return serverStream<unknown, Buffer>((_request, sink, call) =>
    inTurn(parts.admission, sink, () =>
      parts.answers.answerOfAll(ANY_REVISION, call, () => {
        // Its caller may have left, or the process may have begun to stop, while it waited.
        if (!sink.cancelled && !sink.writableEnded) open(parts, sink, call);
      }),
    ),
  );
}

function open(parts: EventStreamParts, sink: Sink, { principal, metadata }: CallContext): void {
  const { serving, eventStreams, notices, lastStreams } = parts;
  const { environment, selector } = selectionOf(serving, principal, selectorOf(metadata));
  const peer = sink.getPeer();
  const content = new EventContent(environment, {
    viewOf: viewFor(principal),
    selector,
    notices,
    last: lastStreams.opened(peer, environment, selectorWord(selector)),
  });
  const stream = openLatest(parts, eventStreams, {
    sink: new GrpcSink(sink, { farewell: PROVIDER_SHUTDOWN }),
    environment,
    content,
    keepAliveMs: KEEP_ALIVE_MS,
    onClose: () =>
      lastStreams.closed(peer, { environment, selector: selectorWord(selector), state: content.known }),
  });
  sink.once('cancelled', () => stream.left());
}

interface EventContentOptions {
  readonly viewOf: ViewOf;
  readonly selector: Selector;
  readonly notices: EventNotices;
  /** What its client was last told of; undefined: nobody knows. */
  readonly last: EnvironmentState | undefined;
}

class EventContent implements LatestContent {
  readonly keepAlive = KEEP_ALIVE;
  readonly #environment: EnvironmentReplica;
  readonly #options: EventContentOptions;
  #known: EnvironmentState;

  constructor(environment: EnvironmentReplica, options: EventContentOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#known = options.last ?? environment.state;
  }

  /** The state that its client was told of. */
  get known(): EnvironmentState {
    return this.#known;
  }

  first(): readonly Buffer[] {
    const { last, notices, viewOf, selector } = this.#options;
    if (last === undefined)
      return [PROVIDER_READY, ...notices.everything(this.#environment, viewOf, selector)];
    return [PROVIDER_READY, ...this.since(last.generation, this.#environment.affectedSince(last.generation))];
  }

  since(generation: number, affected: ReadonlySet<string> | undefined): readonly Buffer[] {
    const { notices, viewOf, selector } = this.#options;
    const known = viewOf(this.#known);
    this.#known = this.#environment.state;
    return notices.since(this.#environment, { viewOf, selector, generation, known, affected });
  }
}
