/**
 * gRPC reflection, v1 and v1alpha, from the descriptor set that the build
 * wrote. The two contracts differ in name only, so one handler serves both.
 */

import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '@flagstream/protocol/gen/grpc/reflection/v1/reflection';
import { ServerReflectionService } from '@flagstream/protocol/gen/grpc/reflection/v1/reflection';
import { ServerReflectionService as ServerReflectionServiceAlpha } from '@flagstream/protocol/gen/grpc/reflection/v1alpha/reflection';
import { status } from '@grpc/grpc-js';
import { DescriptorIndex } from './descriptor-index.ts';
import { type BidiHandler, bidi } from './handler.ts';
import { type ServiceBinding, serviceOf } from './service-binding.ts';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** Full names of the two services. */
export const REFLECTION_SERVICES: readonly string[] = [
  serviceOf(ServerReflectionService.serverReflectionInfo.path),
  serviceOf(ServerReflectionServiceAlpha.serverReflectionInfo.path),
];

/** @param services full names of all that is served, these two included */
export function reflectionBindings(
  descriptorSet: () => Uint8Array,
  services: readonly string[],
): readonly ServiceBinding[] {
  const handlers = { serverReflectionInfo: reflectionHandler(descriptorSet, services) };
  const policy = { serverReflectionInfo: 'inspect' } as const;
  return [
    { definition: ServerReflectionService, policy, handlers },
    { definition: ServerReflectionServiceAlpha, policy, handlers },
  ];
}

function reflectionHandler(descriptorSet: () => Uint8Array, services: readonly string[]): BidiHandler {
  // Built when somebody asks first: most processes are never reflected upon.
  let index: DescriptorIndex | undefined;
  return bidi<ServerReflectionRequest, ServerReflectionResponse>((stream) => {
    stream.on('data', (request: ServerReflectionRequest) => {
      index ??= new DescriptorIndex(descriptorSet());
      const answered = stream.write({
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request, index, services),
      });
      if (answered) return;
      // The reader is slower than its questions: wait for it.
      stream.pause();
      stream.once('drain', () => stream.resume());
    });
    stream.on('end', () => stream.end());
  });
}

function answer(
  request: ServerReflectionRequest,
  index: DescriptorIndex,
  services: readonly string[],
): Answer {
  const question = request.messageRequest;
  switch (question?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return files(index.filesByName(question.value), `file "${question.value}"`);
    case 'fileContainingSymbol':
      return files(index.filesBySymbol(question.value), `symbol "${question.value}"`);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = question.value;
      const what = `extension ${extensionNumber} of "${containingType}"`;
      return files(index.filesByExtension(containingType, extensionNumber), what);
    }
    case 'allExtensionNumbersOfType': {
      const numbers = index.extensionNumbers(question.value);
      if (numbers === undefined) return notFound(`message "${question.value}"`);
      return {
        $case: 'allExtensionNumbersResponse',
        value: { baseTypeName: question.value, extensionNumber: [...numbers] },
      };
    }
    case undefined:
      return {
        $case: 'errorResponse',
        value: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'the request asks nothing' },
      };
  }
}

function files(found: readonly Buffer[] | undefined, what: string): Answer {
  if (found === undefined) return notFound(what);
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: [...found] } };
}

function notFound(what: string): Answer {
  return {
    $case: 'errorResponse',
    value: { errorCode: status.NOT_FOUND, errorMessage: `${what} not found` },
  };
}
