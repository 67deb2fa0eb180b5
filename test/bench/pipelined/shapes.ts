// The ways of asking that the pipelined suite compares: calls and messages of a stream, by how many evaluations
// travel together. The contexts are those of the unary suite, of another user each.

import {
  EvaluateBatchRequest,
  EvaluateRequest,
  EvaluateStreamRequest,
  EvaluationServiceService,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';

const { evaluate, evaluateBatch, evaluateStream } = EvaluationServiceService;

export interface Shape {
  readonly name: string;
  readonly path: string;
  readonly kind: 'unary' | 'stream';
  /** In one message. */
  readonly evaluations: number;
  /** Messages, each with an answer on its way. */
  readonly inFlight: number;
  /** A request whose answer says `id` again, where it is one of a stream. */
  readonly request: (id: number) => Uint8Array;
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'Evaluate',
    path: evaluate.path,
    kind: 'unary',
    evaluations: 1,
    inFlight: 64,
    request: (id) => EvaluateRequest.encode(EvaluateRequest.fromPartial(asked(id))).finish(),
  },
  batch(1, 64),
  batch(10, 32),
  batch(100, 8),
  stream('EvaluateStream, 1', 1, 64),
  stream('EvaluateStream, 10', 10, 32),
  stream('EvaluateStream, 100', 100, 8),
  {
    ...stream('EvaluateStream, 100 of one context', 100, 8),
    request: (id) =>
      EvaluateStreamRequest.encode(
        EvaluateStreamRequest.fromPartial({
          id: BigInt(id),
          context: contextOf(id),
          evaluations: Array.from({ length: 100 }, (_, index) => ({ flagKey: `flag-${index}` })),
        }),
      ).finish(),
  },
];

export function shapeNamed(name: string): Shape {
  const shape = SHAPES.find((one) => one.name === name);
  if (shape === undefined) throw new Error(`there is no shape "${name}"`);
  return shape;
}

/** Contexts times one flag: as many evaluations as contexts. */
function batch(evaluations: number, inFlight: number): Shape {
  return {
    name: `EvaluateBatch, ${evaluations}`,
    path: evaluateBatch.path,
    kind: 'unary',
    evaluations,
    inFlight,
    request: (id) =>
      EvaluateBatchRequest.encode(
        EvaluateBatchRequest.fromPartial({
          flagKeys: ['flag-42'],
          contexts: Array.from({ length: evaluations }, (_, index) => contextOf(id * evaluations + index)),
        }),
      ).finish(),
  };
}

function stream(name: string, evaluations: number, inFlight: number): Shape {
  return {
    name,
    path: evaluateStream.path,
    kind: 'stream',
    evaluations,
    inFlight,
    request: (id) =>
      EvaluateStreamRequest.encode(
        EvaluateStreamRequest.fromPartial({
          id: BigInt(id),
          evaluations: Array.from({ length: evaluations }, (_, index) => asked(id * evaluations + index)),
        }),
      ).finish(),
  };
}

function asked(user: number): { readonly flagKey: string; readonly context: object } {
  return { flagKey: `flag-${user % 100}`, context: contextOf(user) };
}

function contextOf(user: number): object {
  return {
    targetingKey: `user-${user}`,
    country: 'NL',
    plan: 'team',
    email: `user-${user}@example.com`,
    age: 34,
  };
}
