/**
 * One gRPC service as a process offers it: definition, policy and handlers.
 * Checked once, before anything listens: a method without a verb is a hole in
 * the door, so it stops the start.
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { Handler } from './handler.ts';
import type { Verb } from './principal.ts';

export interface ServiceBinding {
  readonly definition: ServiceDefinition;
  /** The verb that each method of the definition needs, by its name in the definition. */
  readonly policy: Readonly<Record<string, Verb>>;
  /** By the method's name in the definition. */
  readonly handlers: Readonly<Record<string, Handler>>;
  /**
   * Streams that others depend on being alive, by name: the connection of one is cut when nothing comes from
   * its peer for the host's peerSilenceMs. Other connections have longer: their processes may pause.
   */
  readonly peerStreams?: readonly string[];
}

/** A checked method. */
export interface BoundMethod {
  readonly path: string;
  readonly service: string;
  readonly method: string;
  readonly kind: Handler['kind'];
  readonly verb: Verb;
  readonly peerStream: boolean;
  readonly handler: Handler;
  readonly definition: MethodDefinition<unknown, unknown>;
}

/** Throws when a method has no verb or no fitting handler, or when a name is not in the definition. */
export function bindMethods(binding: ServiceBinding): readonly BoundMethod[] {
  const methods = Object.entries(binding.definition).map(([name, definition]) =>
    bindMethod(name, definition as MethodDefinition<unknown, unknown>, binding),
  );
  const named = {
    policy: Object.keys(binding.policy),
    handlers: Object.keys(binding.handlers),
    peerStreams: binding.peerStreams ?? [],
  };
  for (const [part, names] of Object.entries(named)) {
    for (const name of names) {
      if (!Object.hasOwn(binding.definition, name)) {
        throw new Error(
          `${part} names "${name}", which is not a method of ${methods[0]?.service ?? 'the service'}`,
        );
      }
    }
  }
  return methods;
}

/** Full name of the service that a method path belongs to. */
export function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf('/'));
}

function bindMethod(
  name: string,
  definition: MethodDefinition<unknown, unknown>,
  binding: ServiceBinding,
): BoundMethod {
  const { path } = definition;
  const verb = Object.hasOwn(binding.policy, name) ? binding.policy[name] : undefined;
  if (verb === undefined) throw new Error(`method ${path} has no policy: name the verb that it needs`);
  const handler = Object.hasOwn(binding.handlers, name) ? binding.handlers[name] : undefined;
  if (handler === undefined) throw new Error(`method ${path} has no handler`);
  const kind = kindOf(definition);
  if (handler.kind !== kind) {
    throw new Error(`method ${path} is ${kind}, but its handler is ${handler.kind}`);
  }
  return {
    path,
    service: serviceOf(path),
    method: path.slice(path.lastIndexOf('/') + 1),
    kind,
    verb,
    peerStream: binding.peerStreams?.includes(name) ?? false,
    handler,
    definition,
  };
}

function kindOf(definition: MethodDefinition<unknown, unknown>): Handler['kind'] {
  if (definition.requestStream && definition.responseStream) return 'bidi';
  if (definition.responseStream) return 'serverStream';
  if (definition.requestStream) throw new Error(`method ${definition.path}: client streaming is not served`);
  return 'unary';
}

/**
 * The definition with methods whose answers may also be encoded bytes: a frame
 * is then encoded once and written to many streams. Messages still work.
 */
export function passThrough<D extends ServiceDefinition>(
  definition: D,
  methods: readonly (keyof D & string)[],
): D {
  const changed: Record<string, MethodDefinition<unknown, unknown>> = { ...definition };
  for (const name of methods) {
    const method: MethodDefinition<unknown, unknown> | undefined = definition[name];
    if (method === undefined) throw new Error(`"${name}" is not a method of the definition`);
    changed[name] = {
      ...method,
      responseSerialize: (value: unknown): Buffer => asBuffer(value) ?? method.responseSerialize(value),
    };
  }
  return changed as unknown as D;
}

function asBuffer(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}
