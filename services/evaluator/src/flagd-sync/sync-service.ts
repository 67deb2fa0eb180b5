/**
 * flagd.sync.v1: clients that evaluate in their own process are sent the whole document at once and again when it has
 * changed.
 *
 * Holds true: a stream ends with an error, never with OK, after which Node's client would stay silent for good.
 */
import {
  type FetchAllFlagsRequest,
  FlagSyncServiceService,
  type SyncFlagsRequest,
} from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import {
  type CallContext,
  endWithError,
  type ForeignStatus,
  passThrough,
  type ServiceBinding,
  serverStream,
  unary,
} from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { inTurn, type StreamAdmission } from '../admission/stream-admission.ts';
import type { SyncSplits } from '../evaluator-config.ts';
import { GrpcSink, type LatestContent, type LatestStream } from '../fanout/latest-stream.ts';
import { openLatest, type StreamWakers } from '../fanout/open-latest.ts';
import type { StreamRegistry } from '../fanout/stream-registry.ts';
import { selectionOf } from '../flagd/selected-view.ts';
import { selectorOf } from '../flagd/selector.ts';
import { ANY_REVISION, type BoundedAnswers } from '../serve/bounded-answers.ts';
import type { EnvironmentReplica } from '../state/environment-replica.ts';
import { type ClientEngine, clientEngine, dividesOtherwise } from './client-engine.ts';
import type { Subscribers } from './subscribers.ts';
import { type DocumentChoice, fetched, type SyncDocument, type SyncDocuments } from './sync-documents.ts';

export interface FlagSyncParts extends StreamWakers {
  readonly answers: BoundedAnswers;
  readonly admission: StreamAdmission;
  readonly syncStreams: StreamRegistry;
  readonly documents: SyncDocuments;
  readonly subscribers: Subscribers;
  /** Whether clients whose engine divides subjects in another way get flags that do. */
  readonly splits: SyncSplits;
}

type Sink = ServerWritableStream<SyncFlagsRequest, Buffer>;

/** The contract has nothing that could be said in between. */
const NO_KEEP_ALIVE_MS = Number.POSITIVE_INFINITY;

export function flagSyncService(parts: FlagSyncParts): ServiceBinding {
  return {
    definition: passThrough(FlagSyncServiceService, ['syncFlags', 'fetchAllFlags']),
    policy: { syncFlags: 'sync', fetchAllFlags: 'sync', getMetadata: 'sync' },
    handlers: {
      syncFlags: serverStream<SyncFlagsRequest, Buffer>((request, sink, call) =>
        inTurn(parts.admission, sink, () =>
          parts.answers.answerOfAll(ANY_REVISION, call, () => {
            // Its caller may have left, or the process may have begun to stop, while it waited.
            if (!sink.cancelled && !sink.writableEnded) open(parts, request, sink, call);
          }),
        ),
      ),
      fetchAllFlags: unary<FetchAllFlagsRequest, Buffer>((request, call) =>
        parts.answers.answerOfAll(ANY_REVISION, call, () => {
          const { environment, choice } = choose(parts, request.selector, call);
          return fetched(textOf(parts.documents.of(environment, choice)));
        }),
      ),
      // Python's client fails where it is not set, Java's where it is not served.
      getMetadata: unary(() => ({ metadata: {} })),
    },
  };
}

interface Chosen {
  readonly environment: EnvironmentReplica;
  readonly engine: ClientEngine;
  readonly choice: DocumentChoice;
}

function choose(
  { serving, splits }: FlagSyncParts,
  inRequest: string,
  { principal, metadata }: CallContext,
): Chosen {
  const asked = selectorOf(metadata, inRequest);
  const { environment, selector } = selectionOf(serving, principal, asked, 'sync');
  const engine = clientEngine(metadata);
  return {
    environment,
    engine,
    choice: { selector, withoutSplits: splits === 'withhold' && dividesOtherwise(engine) },
  };
}

/** @throws ForeignStatus when no client would take it */
function textOf(document: SyncDocument): string {
  if (document.kind === 'refused') throw document.error;
  return document.text;
}

function open(parts: FlagSyncParts, request: SyncFlagsRequest, sink: Sink, call: CallContext): void {
  const { syncStreams, documents, subscribers } = parts;
  const { environment, engine, choice } = choose(parts, request.selector, call);
  textOf(documents.of(environment, choice));
  const content = new DocumentContent(documents, environment, choice, (error) => refuse(sink, stream, error));
  const stream = openLatest(parts, syncStreams, {
    sink: new GrpcSink(sink, { wrote: (bytes) => subscribers.sent(bytes) }),
    environment,
    content,
    keepAliveMs: NO_KEEP_ALIVE_MS,
    onClose: () => subscribers.left(environment.scope, engine),
  });
  subscribers.came(environment.scope, engine);
  sink.once('cancelled', () => stream.left());
}

/** After the write that found it: the stream is in the middle of it. */
function refuse(sink: Sink, stream: LatestStream, error: ForeignStatus): void {
  queueMicrotask(() => {
    stream.left();
    if (!sink.cancelled && !sink.writableEnded) endWithError(sink, error);
  });
}

class DocumentContent implements LatestContent {
  readonly keepAlive = undefined;
  readonly #documents: SyncDocuments;
  readonly #environment: EnvironmentReplica;
  readonly #choice: DocumentChoice;
  readonly #onRefused: (error: ForeignStatus) => void;
  #sent: SyncDocument | undefined;

  constructor(
    documents: SyncDocuments,
    environment: EnvironmentReplica,
    choice: DocumentChoice,
    onRefused: (error: ForeignStatus) => void,
  ) {
    this.#documents = documents;
    this.#environment = environment;
    this.#choice = choice;
    this.#onRefused = onRefused;
  }

  first(): readonly Buffer[] {
    return this.since();
  }

  /** Nothing while the document is the one that was sent, also when time alone changes answers. */
  since(): readonly Buffer[] {
    const document = this.#documents.of(this.#environment, this.#choice);
    if (document === this.#sent) return [];
    this.#sent = document;
    if (document.kind === 'frame') return [document.frame];
    this.#onRefused(document.error);
    return [];
  }
}
