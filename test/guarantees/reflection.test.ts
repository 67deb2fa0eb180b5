// A strict foreign client, buf's, with nothing but the server's reflection: imports resolve, calls work.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { ErrorInfo } from '@flagstream/protocol/gen/google/rpc/error_details';
import { beforeAll, describe, expect, test } from 'vitest';
import { type DevInstance, startDev } from '../support/dev-instance.ts';
import { privateValue } from '../support/private-value.ts';

const BUF = path.resolve(import.meta.dirname, '../../node_modules/.bin/buf');
const run = promisify(execFile);
const ADMIN = 'flagstream.v1.AdminService';
const EVALUATION = 'flagstream.v1.EvaluationService';

describe('buf curl, by reflection only', () => {
  let dev: DevInstance;
  beforeAll(async () => {
    dev = await startDev({ seed: 'demo' });
  });

  async function curl(port: number, extra: readonly string[], method = ''): Promise<string> {
    const url = `http://127.0.0.1:${port}${method === '' ? '' : `/${method}`}`;
    // Far from the repository's own proto files, which it would read otherwise.
    const { stdout } = await run(
      BUF,
      ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--reflect', ...extra, url],
      {
        cwd: dev.dataDir,
      },
    );
    return stdout;
  }
  const call = async (port: number, method: string, request: object): Promise<unknown> =>
    JSON.parse(await curl(port, ['-d', JSON.stringify(request)], method));

  test.each(['grpc-v1', 'grpc-v1alpha'])('lists every method over %s', async (protocol) => {
    const list = (port: number): Promise<string> =>
      curl(port, ['--reflect-protocol', protocol, '--list-methods']);
    expect((await list(dev.adminPort)).split('\n')).toEqual(
      expect.arrayContaining([
        `${ADMIN}/CreateFlag`,
        `${ADMIN}/ApplyChangeSet`,
        `flagstream.v1.LogService/WatchLog`,
      ]),
    );
    expect((await list(dev.evaluatorPort)).split('\n')).toEqual(
      expect.arrayContaining([
        `${EVALUATION}/Evaluate`,
        `${EVALUATION}/Watch`,
        'flagstream.v1.StreamService/Sync',
      ]),
    );
  });

  test('changes a flag and sees the change', async () => {
    const name = 'projects/default/environments/development/flagConfigs/maintenance-mode';
    const changed = await call(dev.adminPort, `${ADMIN}/UpdateFlagConfig`, {
      flagConfig: { name, enabled: true, fallthrough: { variant: 'on' } },
      comment: 'by buf curl',
    });
    const { revision } = (changed as { revision: { epoch: number; revision: string } }).revision;
    const answer = await call(dev.evaluatorPort, `${EVALUATION}/Evaluate`, {
      flagKey: 'maintenance-mode',
      context: { targetingKey: privateValue('user') },
      minRevision: { epoch: 1, revision },
    });
    expect(answer).toMatchObject({ value: true, variant: 'on', reason: 'REASON_STATIC', revision });
  });

  test('evaluates many flags for many contexts at one revision', async () => {
    const answer = (await call(dev.evaluatorPort, `${EVALUATION}/EvaluateBatch`, {
      flagKeys: ['new-checkout', 'nope'],
      contexts: [{ targetingKey: privateValue('first') }, { targetingKey: privateValue('second') }],
    })) as { results: { results: { flagKey: string; errorCode?: string }[] }[] };
    expect(answer.results).toHaveLength(2);
    for (const { results } of answer.results)
      expect(results).toEqual([
        expect.objectContaining({ flagKey: 'new-checkout', kind: 'FLAG_KIND_BOOLEAN' }),
        expect.objectContaining({ flagKey: 'nope', errorCode: 'ERROR_CODE_FLAG_NOT_FOUND' }),
      ]);
  });

  test('reads the details of an error', async () => {
    const failure = (await call(dev.evaluatorPort, `${EVALUATION}/Evaluate`, { flagKey: 'nope' }).then(
      () => expect.fail('the call succeeded'),
      (error: { stderr: string; code: number }) => error,
    )) as { stderr: string; code: number };
    // buf's exit code is 8 times gRPC's.
    expect(failure.code).toBe(8 * 5);
    const { details } = JSON.parse(failure.stderr) as { details: { type: string; value: string }[] };
    expect(details.map(({ type }) => type)).toEqual(['google.rpc.ErrorInfo']);
    expect(ErrorInfo.decode(Buffer.from(details[0]?.value ?? '', 'base64')).reason).toBe('FLAG_NOT_FOUND');
  });

  test('checks health on both ports', async () => {
    for (const port of [dev.adminPort, dev.evaluatorPort])
      expect(await call(port, 'grpc.health.v1.Health/Check', { service: 'readiness' })).toEqual({
        status: 'SERVING',
      });
  });
});
