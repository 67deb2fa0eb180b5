/**
 * Methods of the host as the library serves them. Handlers take and give what gRPC carries, so messages pass through
 * their bytes: one meaning of a message, whatever it came as.
 */
import {
  type DescMethod,
  type FileRegistry,
  fromBinary,
  type JsonReadOptions,
  type JsonWriteOptions,
  type Message,
} from '@bufbuild/protobuf';
import { Code, ConnectError, createConnectRouter, type HandlerContext } from '@connectrpc/connect';
import type { UniversalHandler } from '@connectrpc/connect/protocol';
import { compressionGzip } from '@connectrpc/connect-node';
import type { MethodDefinition, ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import type { BoundMethod } from '../grpc/service-binding.ts';
import type { AnswerUnary } from '../grpc/unary-call.ts';
import { CALL, type ConnectCall } from './connect-call.ts';
import { callerLeft, connectError, trailersOf } from './connect-error.ts';
import { ConnectSink } from './connect-sink.ts';

/** A method as the host serves it: counted, admitted, measured. */
export interface ServedMethod {
  readonly bound: BoundMethod;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly implementation: UntypedHandleCall;
}

/** With its messages' descriptors, and the library's handler over both protocols. */
export interface ConnectMethod extends ServedMethod {
  readonly desc: DescMethod;
  readonly handle: UniversalHandler;
}

/** An answer takes longer to pack than a line to carry where it is shorter. */
const PACKED_FROM_BYTES = 16_384;

/** As flagd answers: a `false` is written out, PHP takes what is missing for an error. */
export function jsonOptions(registry: FileRegistry): Partial<JsonReadOptions & JsonWriteOptions> {
  return { alwaysEmitImplicit: true, ignoreUnknownFields: true, registry };
}

export function connectMethods(
  methods: readonly ServedMethod[],
  registry: FileRegistry,
  bytesMax: number,
): ReadonlyMap<string, ConnectMethod> {
  const served = new Map<string, ConnectMethod>();
  const router = createConnectRouter({
    grpc: false,
    acceptCompression: [compressionGzip],
    compressMinBytes: PACKED_FROM_BYTES,
    readMaxBytes: bytesMax,
    jsonOptions: jsonOptions(registry),
  });
  for (const method of methods) {
    const { path } = method.bound;
    const desc = registry
      .getService(method.bound.service)
      ?.methods.find(({ name }) => name === method.bound.method);
    if (desc === undefined) continue;
    router.rpc(desc, implementation(method, desc, registry) as never);
    served.set(path, { ...method, desc, handle: router.handlers.at(-1)! });
  }
  return served;
}

/** What the library takes for the message is empty: the call has it. */
type Implementation = (empty: Message, context: HandlerContext) => unknown;

function implementation(method: ServedMethod, desc: DescMethod, registry: FileRegistry): Implementation {
  switch (method.bound.kind) {
    case 'unary':
      return (_empty, context) => answerUnary(method, desc, { context, registry });
    case 'serverStream':
      return (_empty, context) => answerStream(method, desc, { context, registry });
    case 'bidi':
      return () => {
        throw bidiOnly(method.bound.path);
      };
  }
}

interface Asked {
  readonly context: HandlerContext;
  readonly registry: FileRegistry;
}

function answerUnary(method: ServedMethod, desc: DescMethod, asked: Asked): Promise<Message> {
  const { context, registry } = asked;
  const call = begun(method, asked);
  return new Promise<Message>((resolve, reject) => {
    const leave = (): void => {
      call.over();
      reject(leftBecause(context));
    };
    context.signal.addEventListener('abort', leave, { once: true });
    if (context.signal.aborted) leave();
    (method.implementation as unknown as AnswerUnary)(call, (failure, answer) => {
      context.signal.removeEventListener('abort', leave);
      for (const [name, value] of trailersOf(failure?.metadata)) context.responseTrailer.append(name, value);
      try {
        if (failure !== null) reject(connectError(failure, registry));
        else resolve(fromBinary(desc.output, method.definition.responseSerialize(answer)));
      } catch (error) {
        reject(connectError(error, registry));
      }
      call.over();
    });
  });
}

async function* answerStream(method: ServedMethod, desc: DescMethod, asked: Asked): AsyncIterable<Message> {
  const { context, registry } = asked;
  const sink = openSink(method, {
    call: begun(method, asked),
    registry,
    headers: (name, value) => context.responseHeader.append(name, value),
    trailers: (name, value) => context.responseTrailer.append(name, value),
  });
  const leave = (): void => sink.cancel(leftBecause(context));
  context.signal.addEventListener('abort', leave, { once: true });
  if (context.signal.aborted) leave();
  try {
    for await (const message of sink) yield answered(method, desc, message);
  } finally {
    context.signal.removeEventListener('abort', leave);
  }
}

/** Runs the handler of a stream. */
export function openSink(
  { implementation: run }: ServedMethod,
  parts: ConstructorParameters<typeof ConnectSink>[0],
): ConnectSink {
  const sink = new ConnectSink(parts);
  parts.call.settled = true;
  sink.once('cancelled', () => parts.call.over());
  (run as (stream: ServerWritableStream<unknown, unknown>) => void)(sink.asStream());
  return sink;
}

/** Frames that were encoded once for many streams are decoded once. */
const decodedFrames = new WeakMap<object, Message>();

export function answered({ definition }: ServedMethod, desc: DescMethod, message: unknown): Message {
  const isFrame = message instanceof Uint8Array;
  const known = isFrame ? decodedFrames.get(message) : undefined;
  const bytes = definition.responseSerialize(message);
  if (known !== undefined) return known;
  const decoded = fromBinary(desc.output, bytes);
  if (isFrame) decodedFrames.set(message, decoded);
  return decoded;
}

function begun(method: ServedMethod, { context, registry }: Asked): ConnectCall {
  const call = context.values.get(CALL);
  if (call === undefined) throw new Error('a call came past the gate');
  if (call.refusal !== undefined) throw connectError(call.refusal, registry);
  const timeoutMs = context.timeoutMs();
  if (timeoutMs !== undefined) call.deadlineMs = Date.now() + timeoutMs;
  giveRequest(method, call);
  call.settled = true;
  return call;
}

/** Its message becomes the request, which the handler decodes as it does gRPC's. */
export function giveRequest({ definition }: ServedMethod, call: ConnectCall): void {
  const { message } = call;
  if (message === undefined) throw new Error('a call came without its message');
  call.request = definition.requestDeserialize(
    Buffer.from(message.buffer, message.byteOffset, message.byteLength),
  );
}

function leftBecause({ signal }: HandlerContext): Error {
  return signal.reason instanceof ConnectError ? signal.reason : callerLeft();
}

function bidiOnly(path: string): ConnectError {
  return new ConnectError(
    `${path} streams in both directions, which is served over gRPC alone: use a gRPC client, or the service's other methods`,
    Code.Unimplemented,
  );
}
