/**
 * flagd's evaluation contracts, on the port of our own: evaluation.v2 (Node, Go, Java, Python, .NET), evaluation.v1
 * (Rust, Ruby, web, older ones) and schema.v1 (PHP). They differ in what may be absent, and in ResolveAll.
 */
import type { JsonObject } from '@flagstream/engine';
import { readEvaluateRequest } from '@flagstream/protocol';
import * as v1 from '@flagstream/protocol/gen/flagd/evaluation/v1/evaluation';
import * as v2 from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import type { EvaluateRequest } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import * as schema from '@flagstream/protocol/gen/schema/v1/schema';
import { passThrough, type ServiceBinding, type UnaryHandler, unary, type Verb } from '@flagstream/runtime';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { AnswerView } from '../serve/answer-view.ts';
import { anyFlag } from './any-flag.ts';
import { type EventStreamParts, eventStreamHandler } from './event-stream-handler.ts';
import { flagSetMetadata } from './flag-metadata.ts';
import type { ResolvedType } from './resolved-value.ts';
import type { AllMember, FlagdResolver, Resolution, ResolveForm } from './resolver.ts';

const RESOLVERS = ['resolveBoolean', 'resolveString', 'resolveFloat', 'resolveInt', 'resolveObject'] as const;
const EVENT_STREAM = 'eventStream';
const RESOLVE_ALL = 'resolveAll';

/** The bindings of the three services. */
export function flagdEvaluationServices(
  resolver: FlagdResolver,
  events: EventStreamParts,
): readonly ServiceBinding[] {
  const eventStream = eventStreamHandler(events);
  return [
    {
      ...contract(v2.ServiceService, []),
      handlers: { ...resolvers(resolver, v2, true), eventStream },
    },
    {
      ...contract(v1.ServiceService, [RESOLVE_ALL]),
      handlers: { ...resolvers(resolver, v1, false), resolveAll: allHandler(resolver, allOfV1), eventStream },
    },
    {
      ...contract(schema.ServiceService, [RESOLVE_ALL]),
      handlers: {
        ...resolvers(resolver, schema, false),
        resolveAll: allHandler(resolver, allOfSchema),
        eventStream,
      },
    },
  ];
}

function contract(
  definition: ServiceDefinition,
  alone: readonly string[],
): Pick<ServiceBinding, 'definition' | 'policy'> {
  const methods = [...RESOLVERS, ...alone, EVENT_STREAM];
  // A key and a context stand where our own request has them.
  const read: Record<string, MethodDefinition<unknown, unknown>> = {};
  for (const name of RESOLVERS)
    read[name] = {
      ...(definition[name] as MethodDefinition<unknown, unknown>),
      requestDeserialize: readEvaluateRequest,
    };
  return {
    definition: passThrough({ ...definition, ...read }, methods),
    policy: Object.fromEntries(methods.map((name): [string, Verb] => [name, 'evaluate'])),
  };
}

/** What a contract's generated code has for each type. */
interface Encoders {
  readonly ResolveBooleanResponse: Encoder<'boolean'>;
  readonly ResolveStringResponse: Encoder<'string'>;
  readonly ResolveFloatResponse: Encoder<'float'>;
  readonly ResolveIntResponse: Encoder<'int'>;
  readonly ResolveObjectResponse: Encoder<'object'>;
}

interface Encoder<T extends ResolvedType> {
  encode(message: Resolution<T>): { finish(): Uint8Array };
}

function resolvers(
  resolver: FlagdResolver,
  encoders: unknown,
  hasPresence: boolean,
): Record<(typeof RESOLVERS)[number], UnaryHandler> {
  const of = encoders as Encoders;
  const handler = <T extends ResolvedType>(type: T, encoder: Encoder<T>): UnaryHandler => {
    const form: ResolveForm<T> = { type, hasPresence, encode: (message) => encoder.encode(message).finish() };
    return unary<EvaluateRequest, Buffer>(resolver.method(form));
  };
  return {
    resolveBoolean: handler('boolean', of.ResolveBooleanResponse),
    resolveString: handler('string', of.ResolveStringResponse),
    resolveFloat: handler('float', of.ResolveFloatResponse),
    resolveInt: handler('int', of.ResolveIntResponse),
    resolveObject: handler('object', of.ResolveObjectResponse),
  };
}

function allHandler(
  resolver: FlagdResolver,
  encode: (view: AnswerView, members: readonly AllMember[]) => Uint8Array,
): UnaryHandler {
  return unary<{ readonly context?: JsonObject | undefined }, Buffer>((request, call) =>
    resolver.all(request.context, call, (view, members) => Buffer.from(encode(view, members))),
  );
}

function allOfV1(view: AnswerView, members: readonly AllMember[]): Uint8Array {
  return v1.ResolveAllResponse.encode({
    flags: flags(view, members),
    metadata: flagSetMetadata(view),
  }).finish();
}

function allOfSchema(view: AnswerView, members: readonly AllMember[]): Uint8Array {
  return schema.ResolveAllResponse.encode({ flags: flags(view, members) }).finish();
}

function flags(view: AnswerView, members: readonly AllMember[]): { [key: string]: v1.AnyFlag } {
  return Object.fromEntries(
    members.flatMap(({ flagKey, evaluation }) => {
      const flag = anyFlag(view, evaluation);
      return flag === undefined ? [] : [[flagKey, flag]];
    }),
  );
}
