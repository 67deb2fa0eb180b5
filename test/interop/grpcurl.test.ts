// Real grpcurl with nothing but the server's reflection: services, comments and imports, admin and evaluation
// calls, error details.

import { beforeAll, expect, test } from 'vitest';
import { startFlagstream } from '../support/flagstream.ts';
import { freePortRange } from '../support/free-port.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { describeGrpcurl, type GrpcurlResult, grpcurl } from './support/grpcurl.ts';

const EVALUATION = 'flagstream.v1.EvaluationService';
const ADMIN = 'flagstream.v1.AdminService';
const FLAG = {
  kind: 'FLAG_KIND_BOOLEAN',
  variants: [
    { key: 'on', value: true },
    { key: 'off', value: false },
  ],
  offVariant: 'off',
};
/** grpcurl ends with 64 + the gRPC status code. */
const NOT_FOUND_EXIT = 64 + 5;

describeGrpcurl('grpcurl', () => {
  let controlPlane = '';
  let evaluator = '';

  beforeAll(async () => {
    const base = await freePortRange(7);
    controlPlane = `127.0.0.1:${base}`;
    evaluator = `127.0.0.1:${base + 3}`;
    const dev = startFlagstream(['dev', '--port-base', String(base), '--data', tempDir('data')]);
    await dev.waitForReady(base + 4);
  });

  const call = (address: string, method: string, request: object): Promise<GrpcurlResult> =>
    grpcurl(['-plaintext', '-d', JSON.stringify(request), address, method]);

  test('lists what each port serves', async () => {
    const common = [
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ];
    const list = async (address: string): Promise<readonly string[]> =>
      (await grpcurl(['-plaintext', address, 'list'])).stdout.trim().split('\n');
    expect(await list(evaluator)).toEqual(
      expect.arrayContaining([EVALUATION, 'flagstream.v1.StreamService', ...common]),
    );
    expect(await list(controlPlane)).toEqual(
      expect.arrayContaining([ADMIN, 'flagstream.v1.LogService', ...common]),
    );
  });

  test('describes services with their comments, and messages from imported files', async () => {
    const service = await grpcurl(['-plaintext', evaluator, 'describe', EVALUATION]);
    expect(service.stdout).toContain('// EvaluationService evaluates flags.');
    expect(service.stdout).toContain(
      'rpc Watch ( .flagstream.v1.WatchRequest ) returns ( stream .flagstream.v1.WatchResponse );',
    );
    const imported = await grpcurl(['-plaintext', evaluator, 'describe', 'google.protobuf.Struct']);
    expect(imported.stdout).toContain('google.protobuf.Struct is a message:');
  });

  test('creates a flag, and evaluates it as soon as the evaluator has it', async () => {
    const config = { enabled: true, fallthrough: { variant: 'on' } };
    const request = {
      parent: 'projects/default',
      flagId: 'from-grpcurl',
      flag: FLAG,
      configs: { development: config },
      opId: crypto.randomUUID(),
      actor: 'test',
      comment: 'made by grpcurl',
    };
    const created = await call(controlPlane, `${ADMIN}/CreateFlag`, request);
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const { flag, revision } = JSON.parse(created.stdout) as {
      flag: { name: string };
      revision: { revision: string };
    };
    expect(flag.name).toBe('projects/default/flags/from-grpcurl');

    const evaluated = await until(
      async () => {
        const answer = await call(evaluator, `${EVALUATION}/Evaluate`, {
          flagKey: 'from-grpcurl',
          context: { targetingKey: 'u1' },
        });
        return answer.code === 0 && answer;
      },
      { what: 'the evaluator to know the flag' },
    );
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'REASON_STATIC',
      revision: revision.revision,
    });
  });

  test('shows the error details of a flag that is not there', async () => {
    const { code, stderr } = await call(evaluator, `${EVALUATION}/Evaluate`, { flagKey: 'nope' });
    expect(code).toBe(NOT_FOUND_EXIT);
    expect(stderr).toContain('type.googleapis.com/google.rpc.ErrorInfo');
    expect(stderr).toContain('FLAG_NOT_FOUND');
  });
});
