/** flagstream.v1.EvaluationService as the host serves it. */
import {
  checkedContext,
  checkedFlagKey,
  LIMITS,
  limitExceeded,
  readEvaluateRequest,
} from '@flagstream/protocol';
import {
  type EvaluateBatchRequest,
  type EvaluateRequest,
  EvaluationServiceService,
  type ExplainRequest,
  type ExplainResponse,
  type WatchRequest,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import {
  bidi,
  type CallContext,
  passThrough,
  type ServiceBinding,
  serverStream,
  unary,
} from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { inTurn, type StreamAdmission } from '../admission/stream-admission.ts';
import { GrpcSink } from '../fanout/latest-stream.ts';
import { openLatest, type StreamWakers } from '../fanout/open-latest.ts';
import type { StreamRegistry } from '../fanout/stream-registry.ts';
import { viewFor } from './answer-view.ts';
import type { BoundedAnswers } from './bounded-answers.ts';
import { boundedMessage } from './bounded-message.ts';
import type { Evaluator } from './evaluate.ts';
import type { EvaluationCounts } from './evaluation-counts.ts';
import { type EvaluationCall, EvaluationStream } from './evaluation-stream.ts';
import { WatchContent } from './watch-content.ts';
import { WatchedResults } from './watch-results.ts';

export interface EvaluationServiceParts extends StreamWakers {
  readonly evaluator: Evaluator;
  readonly answers: BoundedAnswers;
  readonly counts: EvaluationCounts;
  readonly admission: StreamAdmission;
  readonly watchers: StreamRegistry;
  /** Of EvaluateStream. */
  readonly pipelines: StreamRegistry;
  readonly heartbeatMs: number;
}

/** What comes most often is read by hand. Messages of EvaluateStream are their bytes until they are answered. */
const CONTRACT = {
  ...EvaluationServiceService,
  evaluate: { ...EvaluationServiceService.evaluate, requestDeserialize: readEvaluateRequest },
  evaluateStream: {
    ...EvaluationServiceService.evaluateStream,
    requestDeserialize: (bytes: Buffer): Buffer =>
      boundedMessage('message', bytes, LIMITS.streamedRequestBytesMax),
  },
} as const;

export function evaluationService(parts: EvaluationServiceParts): ServiceBinding {
  const { evaluator } = parts;
  return {
    definition: passThrough(CONTRACT, ['evaluate', 'evaluateBatch', 'evaluateStream', 'watch']),
    policy: {
      evaluate: 'evaluate',
      evaluateBatch: 'evaluate',
      evaluateStream: 'evaluate',
      explain: 'explain',
      watch: 'evaluate',
    },
    handlers: {
      evaluate: unary<EvaluateRequest, Buffer>((request, call) => evaluator.evaluate(request, call)),
      evaluateBatch: unary<EvaluateBatchRequest, Buffer>((request, call) => evaluator.batch(request, call)),
      evaluateStream: bidi<Buffer, Buffer>((call, context) =>
        inTurn(parts.admission, call, () => evaluateStream(parts, call, context)),
      ),
      explain: unary<ExplainRequest, ExplainResponse>((request, call) => evaluator.explain(request, call)),
      watch: serverStream<WatchRequest, Buffer>((request, sink, call) =>
        inTurn(parts.admission, sink, () => watch(parts, request, sink, call)),
      ),
    },
  };
}

function evaluateStream(
  { evaluator, serving, fanout, pipelines }: EvaluationServiceParts,
  call: EvaluationCall,
  context: CallContext,
): void {
  const environment = serving.environment(context.principal);
  const stream = new EvaluationStream({
    call,
    context,
    evaluator,
    serving,
    environment,
    onClose: (reason) => {
      fanout.remove(environment, stream);
      pipelines.remove(stream, reason);
    },
  });
  fanout.add(environment, stream);
  pipelines.add(stream);
}

interface Beginning {
  readonly keys: ReadonlySet<string> | undefined;
  readonly belowMinRevision: boolean;
}

/** The stream begins once the state holds the request's min_revision, and its next transition is known. */
function watch(
  { answers, ...parts }: EvaluationServiceParts,
  request: WatchRequest,
  sink: ServerWritableStream<WatchRequest, Buffer>,
  call: CallContext,
): void | Promise<void> {
  const keys = watchedKeys(request.flagKeys);
  return answers.answerOfAll(request, call, (belowMinRevision) => {
    // Its caller may have left, or the process may have begun to stop, while it waited.
    if (!sink.cancelled && !sink.writableEnded) open(parts, request, sink, call, { keys, belowMinRevision });
  });
}

function open(
  parts: Omit<EvaluationServiceParts, 'answers'>,
  request: WatchRequest,
  sink: ServerWritableStream<WatchRequest, Buffer>,
  { principal }: CallContext,
  { keys, belowMinRevision }: Beginning,
): void {
  const { serving, counts, watchers } = parts;
  const environment = serving.environment(principal);
  const viewOf = viewFor(principal);
  const context = request.context === undefined ? undefined : checkedContext(request.context, 'context');
  const results = context === undefined ? undefined : new WatchedResults({ keys, context, counts, viewOf });
  const stream = openLatest(parts, watchers, {
    sink: new GrpcSink(sink),
    environment,
    content: new WatchContent({ environment, serving, keys, results, viewOf, belowMinRevision }),
    keepAliveMs: heartbeatOf(request.heartbeatMs, parts.heartbeatMs),
  });
  sink.once('cancelled', () => stream.left());
  letGo(request);
}

/** What a stream needs of its request it has by now; grpc-js keeps the rest as long as the stream is open. */
function letGo(request: WatchRequest): void {
  request.flagKeys = [];
  request.context = undefined;
}

function watchedKeys(flagKeys: readonly string[]): ReadonlySet<string> | undefined {
  const { watchFlagKeysMax } = LIMITS;
  if (flagKeys.length > watchFlagKeysMax)
    throw limitExceeded(
      'flag_keys',
      `${flagKeys.length} keys are given, at most ${watchFlagKeysMax} are allowed; none watches all flags`,
    );
  for (const [index, key] of flagKeys.entries()) checkedFlagKey(`flag_keys[${index}]`, key);
  return flagKeys.length === 0 ? undefined : new Set(flagKeys);
}

function heartbeatOf(asked: number, standard: number): number {
  if (asked === 0) return standard;
  return Math.min(LIMITS.heartbeatMsMax, Math.max(LIMITS.heartbeatMsMin, asked));
}
