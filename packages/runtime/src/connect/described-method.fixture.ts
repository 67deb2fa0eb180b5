/** For tests: a method of a descriptor as gRPC takes it, without generated code. */
import {
  create,
  type DescMethod,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';

export function definitionOf(desc: DescMethod): MethodDefinition<unknown, unknown> {
  const { input, output } = desc;
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    requestStream: desc.methodKind === 'bidi_streaming' || desc.methodKind === 'client_streaming',
    responseStream: desc.methodKind === 'bidi_streaming' || desc.methodKind === 'server_streaming',
    requestSerialize: (value) => Buffer.from(toBinary(input, value as Message)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (value) =>
      Buffer.isBuffer(value)
        ? value
        : Buffer.from(toBinary(output, create(output, value as MessageInitShape<typeof output>))),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}
