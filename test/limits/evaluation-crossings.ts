// Limits of what asks for answers: contexts, batches, keys that are watched, and the size of a request.

import { type ErrorReason, fail, toServiceError } from '@flagstream/protocol';
import {
  EvaluateBatchRequest,
  EvaluateRequest,
  EvaluateStreamRequest,
  type EvaluateStreamResponse,
  ExplainRequest,
  WatchRequest,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { EvaluateAtRequest, ListAnswerChangesRequest } from '@flagstream/protocol/gen/flagstream/v1/history';
import { SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { callUnary } from '../support/grpc-call.ts';
import type { Crossing, LimitEntry } from './crossings.ts';
import { firstMessage, type LimitSite } from './limit-site.ts';

const FLAG = 'new-checkout';
const PAST = { parent: 'projects/default/environments/development', flagKey: FLAG } as const;

type ContextOf = (amount: number) => object;
type Ask = (site: LimitSite, context: object) => Promise<unknown>;

const ASKED_WITH_CONTEXT: Readonly<Record<string, Ask>> = {
  Evaluate: ({ evaluation }, context) =>
    callUnary(evaluation, evaluation.evaluate, EvaluateRequest.fromJSON({ flagKey: FLAG, context })),
  EvaluateBatch: ({ evaluation }, context) =>
    callUnary(
      evaluation,
      evaluation.evaluateBatch,
      EvaluateBatchRequest.fromJSON({ flagKeys: [FLAG], contexts: [context] }),
    ),
  Explain: ({ evaluation }, context) =>
    callUnary(evaluation, evaluation.explain, ExplainRequest.fromJSON({ flagKey: FLAG, context })),
  Watch: ({ evaluation }, context) =>
    firstMessage(evaluation.watch(WatchRequest.fromJSON({ flagKeys: [FLAG], context }))),
  EvaluateStream: ({ evaluation }, context) =>
    streamed(evaluation, { evaluations: [{ flagKey: FLAG }], context }),
  EvaluateAt: ({ history }, context) =>
    callUnary(history, history.evaluateAt, EvaluateAtRequest.fromJSON({ ...PAST, context })),
  ListAnswerChanges: ({ history }, context) =>
    callUnary(history, history.listAnswerChanges, ListAnswerChangesRequest.fromJSON({ ...PAST, context })),
};

/** A message's answer; what it was refused with as a call would fail. */
async function streamed(client: LimitSite['evaluation'], message: object): Promise<unknown> {
  const call = client.evaluateStream();
  const first = firstMessage(call as unknown as ClientDuplexStream<never, unknown>);
  call.write(EvaluateStreamRequest.fromJSON(message));
  const { error } = (await first) as EvaluateStreamResponse;
  if (error === undefined) return first;
  const [field = ''] = error.message.split(':');
  throw toServiceError(
    fail(error.reason as ErrorReason, error.message, { fields: [{ field, description: error.message }] }),
  );
}

/** Every door that takes a context, with one of so much. */
export function CONTEXT_DOORS(contextOf: ContextOf): readonly Crossing[] {
  return Object.entries(ASKED_WITH_CONTEXT).map(([door, ask]) => ({
    door,
    call: (site, amount) => ask(site, contextOf(amount)),
    reason: 'INVALID_CONTEXT',
    field: door === 'EvaluateBatch' ? 'contexts[0]' : 'context',
  }));
}

/** Every door that asks for flags by key, with a key of so much. */
export const FLAG_KEY_DOORS: readonly Crossing[] = [
  keyed('Evaluate', 'flag_key', ({ evaluation }, flagKey) =>
    callUnary(evaluation, evaluation.evaluate, EvaluateRequest.fromJSON({ flagKey })),
  ),
  keyed('EvaluateBatch', 'flag_keys[0]', ({ evaluation }, flagKey) =>
    callUnary(
      evaluation,
      evaluation.evaluateBatch,
      EvaluateBatchRequest.fromJSON({ flagKeys: [flagKey], contexts: [{}] }),
    ),
  ),
  keyed('Explain', 'flag_key', ({ evaluation }, flagKey) =>
    callUnary(evaluation, evaluation.explain, ExplainRequest.fromJSON({ flagKey })),
  ),
  keyed('Watch', 'flag_keys[0]', ({ evaluation }, flagKey) =>
    firstMessage(evaluation.watch(WatchRequest.fromJSON({ flagKeys: [flagKey] }))),
  ),
  keyed('EvaluateAt', 'flag_key', ({ history }, flagKey) =>
    callUnary(history, history.evaluateAt, EvaluateAtRequest.fromJSON({ ...PAST, flagKey })),
  ),
  keyed('ListAnswerChanges', 'flag_key', ({ history }, flagKey) =>
    callUnary(history, history.listAnswerChanges, ListAnswerChangesRequest.fromJSON({ ...PAST, flagKey })),
  ),
];

function keyed(
  door: string,
  field: string,
  ask: (site: LimitSite, flagKey: string) => Promise<unknown>,
): Crossing {
  return { door, call: (site, amount) => ask(site, 'k'.repeat(amount)), reason: 'INVALID_FIELD', field };
}

const BATCH_CONTEXTS = 1_000;

export const EVALUATION_CROSSINGS = {
  batchContextsMax: {
    crossings: [
      {
        door: 'EvaluateBatch',
        call: (site, amount) => batch(site, amount, 1),
        reason: 'LIMIT_EXCEEDED',
        field: 'contexts',
      },
    ],
  },
  batchEvaluationsMax: {
    crossings: [
      {
        door: 'EvaluateBatch',
        call: (site, amount) => batch(site, BATCH_CONTEXTS, Math.ceil(amount / BATCH_CONTEXTS)),
        reason: 'LIMIT_EXCEEDED',
        field: 'contexts',
      },
    ],
  },
  streamedEvaluationsMax: crossedOnStream('streamedEvaluationsMax'),
  streamedRequestBytesMax: crossedOnStream('streamedRequestBytesMax'),
  streamedWaitsMax: crossedOnStream('streamedWaitsMax'),
  streamedUnsentBytesMax: crossedOnStream('a caller that does not read'),
  watchFlagKeysMax: {
    crossings: [
      {
        door: 'Watch',
        call: ({ evaluation }, amount) =>
          firstMessage(
            evaluation.watch(
              WatchRequest.fromJSON({ flagKeys: Array.from({ length: amount }, (_, index) => `k${index}`) }),
            ),
          ),
        reason: 'LIMIT_EXCEEDED',
        field: 'flag_keys',
      },
    ],
  },
  evaluationRequestBytesMax: {
    crossings: [
      // The key of a flag makes the request as long as it takes; that no key is so long is another matter.
      sized('Evaluate', EvaluateRequest, ({ evaluation }, request) =>
        callUnary(evaluation, evaluation.evaluate, request),
      ),
      sized('Explain', ExplainRequest, ({ evaluation }, request) =>
        callUnary(evaluation, evaluation.explain, request),
      ),
    ],
  },
  syncRequestBytesMax: {
    crossings: [
      {
        door: 'Sync',
        call: ({ stream }, amount) => {
          const call = stream.sync();
          const first = firstMessage(call as unknown as ClientDuplexStream<never, unknown>);
          call.write(greeting(amount));
          return first;
        },
        reason: 'LIMIT_EXCEEDED',
        field: 'frame',
      },
    ],
  },
} as const satisfies Readonly<Record<string, LimitEntry>>;

function crossedOnStream(word: string): LimitEntry {
  return { crossedIn: 'services/evaluator/src/serve/evaluation-stream.test.ts', word };
}

function batch({ evaluation }: LimitSite, contexts: number, flags: number): Promise<unknown> {
  const request = EvaluateBatchRequest.fromJSON({
    contexts: Array.from({ length: contexts }, () => ({})),
    // Keys that are not there are answered one by one, too.
    flagKeys: Array.from({ length: flags }, (_, index) => `k${index}`),
  });
  return callUnary(evaluation, evaluation.evaluateBatch, request);
}

/** A request of exactly so many bytes. */
function sized<R>(
  door: string,
  message: { fromJSON(json: unknown): R; encode(request: R): { finish(): Uint8Array } },
  ask: (site: LimitSite, request: R) => Promise<unknown>,
): Crossing {
  const ofLength = (length: number): R => message.fromJSON({ flagKey: 'k'.repeat(length) });
  return {
    door,
    call: (site, amount) => {
      const overhead = message.encode(ofLength(amount)).finish().length - amount;
      return ask(site, ofLength(amount - overhead));
    },
    reason: 'REQUEST_TOO_LARGE',
  };
}

/** A greeting of exactly so many bytes: lengths take two bytes or three, so another field fills the gap. */
function greeting(bytes: number): SyncRequest {
  for (const gap of [{}, { attempt: 1 }, { attempt: 200 }])
    for (let length = bytes; length > bytes - 40; length--) {
      const request = SyncRequest.fromJSON({
        hello: { protoMin: 1, protoMax: 1, instanceId: 'i'.repeat(length), ...gap },
      });
      if (SyncRequest.encode(request).finish().length === bytes) return request;
    }
  throw new Error(`no greeting has ${bytes} bytes`);
}
