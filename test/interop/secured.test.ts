// Foreign clients over TLS, with certificates and with keys: grpcurl, and buf curl where there is no Go.

import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.ts';
import { bufCurl } from './support/buf-curl.ts';
import { describeGrpcurl, grpcurl } from './support/grpcurl.ts';
import { FLAG_KEY, type SecuredSite, startSecuredSite } from './support/secured-site.ts';

const EVALUATION = 'flagstream.v1.EvaluationService';
const EVALUATE = `${EVALUATION}/Evaluate`;
const SYNC = 'flagstream.v1.StreamService/Sync';
const SERVICES = [
  'flagd.evaluation.v1.Service',
  'flagd.evaluation.v2.Service',
  EVALUATION,
  'flagstream.v1.StreamService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'schema.v1.Service',
];
const REQUEST = JSON.stringify({ flagKey: FLAG_KEY, context: { targetingKey: 'u1' } });
const HELLO = JSON.stringify({ hello: { protoMin: 1, protoMax: 1, instanceId: 'foreign' } });
/** gRPC's numbers, from which both clients make their exit codes. */
const PERMISSION_DENIED = 7;
const CANCELLED = 1;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

let site: SecuredSite;
beforeAll(async () => {
  site = await startSecuredSite();
});

const bearer = (token: string): string => `authorization: Bearer ${token}`;

function expectAnswer({ code, stdout, stderr }: Awaited<ReturnType<typeof grpcurl>>): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ value: false, variant: 'off' });
}

describeGrpcurl('grpcurl', () => {
  const exitOf = (code: number): number => 64 + code;
  const trusting = (): string[] => ['-cacert', site.caFile];
  const showing = (token: string): string[] => ['-H', bearer(token)];
  const own = (): string[] => ['-cert', site.certFile, '-key', site.keyFile];

  test('lists and describes over TLS: -H goes to reflection', async () => {
    const common = [...trusting(), ...showing(site.serverKey), site.tls];
    const listed = await grpcurl([...common, 'list']);
    expect(listed.stdout.trim().split('\n')).toEqual(SERVICES);
    const described = await grpcurl([...common, 'describe', EVALUATION]);
    expect(described.stdout).toContain('// EvaluationService evaluates flags.');
    expect(described.stdout).toContain('rpc Evaluate ( .flagstream.v1.EvaluateRequest )');
  });

  test.each(['serverKey', 'clientKey'] as const)('evaluates with a %s: -H goes to the call', async (kind) => {
    const common = [...trusting(), ...showing(site[kind]), '-d', REQUEST];
    expectAnswer(await grpcurl([...common, site.tls, EVALUATE]));
  });

  test('shows a certificate where one is asked for, and gets nowhere without', async () => {
    const common = [...trusting(), ...showing(site.serverKey)];
    expectAnswer(await grpcurl([...common, ...own(), '-d', REQUEST, site.mutualTls, EVALUATE]));
    const without = await grpcurl([...common, site.mutualTls, 'list']);
    expect(without).toMatchObject({ code: 1, stdout: '' });
    // It does not always say why, but the same call with a certificate went through.
    expect(without.stderr).toContain('Failed to dial target host');
  });

  test('without the authority: fails, and mentions the certificate', async () => {
    const { code, stderr } = await grpcurl([...showing(site.serverKey), site.tls, 'list']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/certificate/);
  });

  test('without a key: Unauthenticated, from reflection and from the call', async () => {
    const reflection = await grpcurl([...trusting(), site.tls, 'list']);
    expect(reflection.code).toBe(1);
    expect(reflection.stderr).toContain('Unauthenticated');
    // A key for reflection alone.
    const call = await grpcurl([
      ...[...trusting(), '-reflect-header', bearer(site.serverKey)],
      ...['-d', REQUEST, site.tls, EVALUATE],
    ]);
    expect(call.code).toBe(exitOf(UNAUTHENTICATED));
    expect(call.stderr).toContain('Code: Unauthenticated');
  });

  test('-rpc-header goes to the call only, which is enough with a descriptor set', async () => {
    const protoset = path.join(tempDir('protoset'), 'evaluation.protoset');
    const exporting = [...trusting(), ...showing(site.serverKey), '-protoset-out', protoset];
    expect((await grpcurl([...exporting, site.tls, 'describe', EVALUATION])).code).toBe(0);
    const common = [...trusting(), '-rpc-header', bearer(site.serverKey), '-d', REQUEST];
    const byReflection = await grpcurl([...common, site.tls, EVALUATE]);
    expect(byReflection.code).toBe(1);
    expect(byReflection.stderr).toContain('Unauthenticated');
    expectAnswer(await grpcurl([...common, '-protoset', protoset, site.tls, EVALUATE]));
    const unkeyed = [...trusting(), '-d', REQUEST, '-protoset', protoset, site.tls, EVALUATE];
    expect((await grpcurl(unkeyed)).code).toBe(exitOf(UNAUTHENTICATED));
  });

  test('Sync refuses a client key, and opens to a server key', async () => {
    const sync = (token: string): ReturnType<typeof grpcurl> =>
      grpcurl([...trusting(), ...showing(token), '-d', HELLO, site.tls, SYNC]);
    const refused = await sync(site.clientKey);
    expect(refused.code).toBe(exitOf(PERMISSION_DENIED));
    expect(refused.stderr).toContain('Code: PermissionDenied');
    expect((await sync(site.serverKey)).stdout).toContain('"welcome"');
  });
});

describe('buf curl', () => {
  const exitOf = (code: number): number => 8 * code;
  const trusting = (): string[] => ['--cacert', site.caFile];
  /** To the call, and by the star to reflection. */
  const showing = (token: string): string[] => ['-H', bearer(token), '--reflect-header', '*'];
  const own = (): string[] => ['--cert', site.certFile, '--key', site.keyFile];
  const url = (address: string, method = ''): string =>
    `https://${address}${method === '' ? '' : `/${method}`}`;

  test('lists services and methods over TLS', async () => {
    const common = [...trusting(), ...showing(site.serverKey)];
    const services = await bufCurl([...common, '--list-services', url(site.tls)]);
    expect(services.stdout.trim().split('\n')).toEqual(SERVICES);
    const methods = await bufCurl([...common, '--list-methods', url(site.tls)]);
    expect(methods.stdout.trim().split('\n')).toEqual(expect.arrayContaining([EVALUATE, SYNC]));
  });

  test.each(['serverKey', 'clientKey'] as const)('evaluates with a %s', async (kind) => {
    const common = [...trusting(), ...showing(site[kind]), '-d', REQUEST];
    expectAnswer(await bufCurl([...common, url(site.tls, EVALUATE)]));
  });

  // By reflection buf says only that nobody could be reached; with a schema of its own it says why.
  const SCHEMA = ['--schema', path.resolve('proto/released.binpb')];

  test('shows a certificate where one is asked for, and gets nowhere without', async () => {
    const common = [...trusting(), '-d', REQUEST];
    const shown = [...common, ...showing(site.serverKey), ...own()];
    expectAnswer(await bufCurl([...shown, url(site.mutualTls, EVALUATE)]));
    const without = [...common, ...SCHEMA, '-H', bearer(site.serverKey)];
    const { code, stdout, stderr } = await bufCurl([...without, url(site.mutualTls, EVALUATE)]);
    // In TLS 1.3 the refusal comes after the request was begun: buf tells of whichever it sees first.
    expect([exitOf(UNAVAILABLE), exitOf(CANCELLED)]).toContain(code);
    expect(stdout).toBe('');
    // Whether it has read the alert by then is a race within its own library.
    if (code === exitOf(UNAVAILABLE))
      expect(stderr).toMatch(/certificate required|client conn could not be established/);
  });

  test('without the authority: fails, and mentions the certificate', async () => {
    const words = ['-H', bearer(site.serverKey), ...SCHEMA, '-d', REQUEST, url(site.tls, EVALUATE)];
    const { code, stderr } = await bufCurl(words);
    expect(code).toBe(exitOf(UNAVAILABLE));
    expect(stderr).toMatch(/certificate/);
  });

  test('without a key: unauthenticated, from reflection and from the call', async () => {
    const reflection = await bufCurl([...trusting(), '--list-services', url(site.tls)]);
    expect(reflection.code).not.toBe(0);
    expect(reflection.stderr).toContain('you are not authenticated');
    for (const schema of [SCHEMA, ['--reflect-header', bearer(site.serverKey)]]) {
      const call = await bufCurl([...trusting(), ...schema, '-d', REQUEST, url(site.tls, EVALUATE)]);
      expect(call.code).toBe(exitOf(UNAUTHENTICATED));
      expect(JSON.parse(call.stderr)).toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('Sync refuses a client key, and opens to a server key', async () => {
    const sync = (token: string): ReturnType<typeof bufCurl> =>
      bufCurl([...trusting(), ...showing(token), '-d', HELLO, url(site.tls, SYNC)]);
    const refused = await sync(site.clientKey);
    expect(refused.code).toBe(exitOf(PERMISSION_DENIED));
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'permission_denied' });
    expect((await sync(site.serverKey)).stdout).toContain('"welcome"');
  });
});
