import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { fail } from '@flagstream/protocol';
import { EvaluationServiceService } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@flagstream/protocol/gen/grpc/reflection/v1/reflection';
import { ServerReflectionClient as ServerReflectionClientAlpha } from '@flagstream/protocol/gen/grpc/reflection/v1alpha/reflection';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { opened, start } from './echo-host.fixture.ts';
import { bidi, type Handler, serverStream, unary } from './handler.ts';
import type { ServiceBinding } from './service-binding.ts';

type Question = NonNullable<ServerReflectionRequest['messageRequest']>;
type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

const SERVED = [
  'flagstream.v1.EvaluationService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

/** The real service's definition; only reflection is asked here. */
function evaluation(): ServiceBinding {
  const refuse = (): never => {
    throw fail('NOT_READY', 'not part of this test');
  };
  const handlers: Record<string, Handler> = {};
  const policy: Record<string, 'evaluate'> = {};
  for (const [name, method] of Object.entries(EvaluationServiceService)) {
    policy[name] = 'evaluate';
    if (method.requestStream) handlers[name] = bidi(refuse);
    else handlers[name] = method.responseStream ? serverStream(refuse) : unary(refuse);
  }
  return { definition: EvaluationServiceService, policy, handlers };
}

async function ask(
  port: number,
  question: Question | undefined,
  Client = ServerReflectionClient,
): Promise<Answer> {
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  opened.push(() => client.close());
  const call = client.serverReflectionInfo();
  call.write({ host: 'here', messageRequest: question });
  call.end();
  const answers: ServerReflectionResponse[] = [];
  for await (const answer of call) answers.push(answer as ServerReflectionResponse);
  expect(answers).toHaveLength(1);
  expect(answers[0]).toMatchObject({ validHost: 'here', originalRequest: { host: 'here' } });
  return answers[0]!.messageResponse!;
}

function descriptors(answer: Answer): FileDescriptorProto[] {
  if (answer.$case !== 'fileDescriptorResponse') throw new Error(`answered ${answer.$case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

describe('reflection', () => {
  it.each([
    ['v1', ServerReflectionClient],
    ['v1alpha', ServerReflectionClientAlpha as unknown as typeof ServerReflectionClient],
  ])('%s lists exactly what is served', async (_, Client) => {
    const { port } = await start([evaluation()]);
    const answer = await ask(port, { $case: 'listServices', value: '' }, Client);
    expect(answer).toEqual({
      $case: 'listServicesResponse',
      value: { service: SERVED.map((name) => ({ name })) },
    });
  });

  it('answers a symbol with its file first, every import, and the comments', async () => {
    const { port } = await start([evaluation()]);
    for (const symbol of [
      'flagstream.v1.EvaluationService',
      'flagstream.v1.EvaluationService.Evaluate',
      '.flagstream.v1.EvaluateRequest',
    ]) {
      const files = descriptors(await ask(port, { $case: 'fileContainingSymbol', value: symbol }));
      expect(files[0]?.name).toBe('flagstream/v1/evaluation.proto');
      const names = new Set(files.map(({ name }) => name));
      expect(names.size).toBe(files.length);
      for (const file of files) for (const dependency of file.dependency) expect(names).toContain(dependency);
      const comments = files[0]!.sourceCodeInfo!.location.map(({ leadingComments }) => leadingComments);
      expect(comments.some((comment) => comment.includes('EvaluationService'))).toBe(true);
    }
  });

  it('answers a file name', async () => {
    const { port } = await start([evaluation()]);
    const files = descriptors(
      await ask(port, { $case: 'fileByFilename', value: 'google/protobuf/timestamp.proto' }),
    );
    expect(files.map(({ name }) => name)).toEqual(['google/protobuf/timestamp.proto']);
  });

  it('answers what is not there with NOT_FOUND', async () => {
    const { port } = await start([evaluation()]);
    const message = 'flagstream.v1.EvaluateRequest';
    const questions: Question[] = [
      { $case: 'fileByFilename', value: 'nope.proto' },
      { $case: 'fileContainingSymbol', value: 'nope.Nope' },
      { $case: 'fileContainingSymbol', value: '__proto__' },
      { $case: 'fileContainingExtension', value: { containingType: message, extensionNumber: 7 } },
      { $case: 'allExtensionNumbersOfType', value: 'nope.Nope' },
    ];
    for (const question of questions) {
      expect(await ask(port, question)).toMatchObject({
        $case: 'errorResponse',
        value: { errorCode: grpc.status.NOT_FOUND },
      });
    }
    expect(await ask(port, { $case: 'allExtensionNumbersOfType', value: message })).toEqual({
      $case: 'allExtensionNumbersResponse',
      value: { baseTypeName: message, extensionNumber: [] },
    });
    expect(await ask(port, undefined)).toMatchObject({
      $case: 'errorResponse',
      value: { errorCode: grpc.status.INVALID_ARGUMENT },
    });
  });

  it('is not there when it is switched off', async () => {
    const { port } = await start([evaluation()], { reflection: false });
    await expect(ask(port, { $case: 'listServices', value: '' })).rejects.toMatchObject({
      code: grpc.status.UNIMPLEMENTED,
    });
  });

  it('satisfies a strict client: buf curl', { timeout: 60_000 }, async () => {
    const { port } = await start([evaluation()]);
    const methods = (await bufCurl(port, '--list-methods')).trim().split('\n');
    expect(methods).toContain('flagstream.v1.EvaluationService/Evaluate');
    expect(methods).toContain('grpc.health.v1.Health/Check');
    expect(new Set(methods.map((method) => method.split('/')[0]))).toEqual(new Set(SERVED));
    expect(
      JSON.parse(await bufCurl(port, '-d', '{"service":"liveness"}', '/grpc.health.v1.Health/Check')),
    ).toEqual({
      status: 'SERVING',
    });
  });
});

/** Runs buf curl with reflection only; the last argument may be a method path. */
async function bufCurl(port: number, ...args: readonly string[]): Promise<string> {
  const bin = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@bufbuild/buf/package.json')),
    'bin/buf',
  );
  const last = args.at(-1)!;
  const options = last.startsWith('/') ? args.slice(0, -1) : args;
  const url = `http://127.0.0.1:${port}${last.startsWith('/') ? last : ''}`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    bin,
    'curl',
    '--protocol',
    'grpc',
    '--http2-prior-knowledge',
    ...options,
    url,
  ]);
  return stdout;
}
