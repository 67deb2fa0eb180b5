// Keys over their lives: what a revocation closes, what a rotation leaves open, what a client key sees.

import { statSync } from 'node:fs';
import path from 'node:path';
import { type FlagstreamError, fromServiceError, LIMITS } from '@flagstream/protocol';
import {
  AdminServiceService,
  CreateKeyRequest,
  RevokeKeyRequest,
  RotateKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  EvaluateBatchRequest,
  type EvaluateBatchResponse,
  EvaluateRequest,
  EvaluateStreamRequest,
  EvaluationServiceService,
  WatchRequest,
  type WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { LogServiceService, WatchLogRequest } from '@flagstream/protocol/gen/flagstream/v1/log';
import { KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { StreamServiceClient, SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { beforeAll, describe, expect, test } from 'vitest';
import { privateValue } from '../support/private-value.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { type AnyMethod, bearer, KeyedSite, type MadeKey } from './keyed-site.ts';

const DEVELOPMENT = 'projects/default/environments/development';
const asAny = (method: unknown): AnyMethod => method as AnyMethod;

let site: KeyedSite;
beforeAll(async () => {
  site = await KeyedSite.start();
});

/** A stream that stays open, and how it ends. */
class OpenStream {
  readonly messages: unknown[] = [];
  error: FlagstreamError | undefined;

  constructor(port: number, method: AnyMethod, token: string, message: unknown) {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const { path: rpc, requestSerialize, responseDeserialize } = method;
    const both = method.requestStream
      ? client.makeBidiStreamRequest(rpc, requestSerialize, responseDeserialize, metadata)
      : undefined;
    const call =
      both ?? client.makeServerStreamRequest(rpc, requestSerialize, responseDeserialize, message, metadata);
    call.on('data', (answer: unknown) => void this.messages.push(answer));
    call.on('error', (error: ServiceError) => {
      this.error ??= fromServiceError(error);
    });
    both?.write(message);
    hold({ what: `a stream of ${rpc}`, release: () => client.close(), releaseNow: () => undefined });
  }

  opened(): Promise<unknown> {
    return until(() => this.messages.length > 0, { what: 'the first message' });
  }

  ended(): Promise<FlagstreamError> {
    return until(() => this.error, { what: 'the end of the stream' }) as Promise<FlagstreamError>;
  }
}

const HELLO = SyncRequest.fromPartial({
  frame: { $case: 'hello', value: { protoMin: 1, protoMax: 1, instanceId: 'i', heartbeatMs: 10_000 } },
});

const sync = (token: string): OpenStream =>
  new OpenStream(site.evaluator.grpcPort, asAny(StreamServiceClient.service.sync), token, HELLO);
const watch = (token: string, request: object = {}): OpenStream =>
  new OpenStream(
    site.evaluator.grpcPort,
    asAny(EvaluationServiceService.watch),
    token,
    WatchRequest.fromPartial({ context: { targetingKey: privateValue('user') }, ...request }),
  );

/** Its first message is answered, and none follows. */
const evaluateStream = (token: string): OpenStream =>
  new OpenStream(
    site.evaluator.grpcPort,
    asAny(EvaluationServiceService.evaluateStream),
    token,
    EvaluateStreamRequest.fromPartial({
      evaluations: [{ flagKey: 'new-checkout', context: { targetingKey: privateValue('user') } }],
    }),
  );

async function admin<T>(method: unknown, message: T): Promise<unknown> {
  const answer = await site.call(site.controlPlane.grpcPort, asAny(method), bearer(site.owner), message);
  await site.followed();
  return answer;
}

const revoke = (key: MadeKey): Promise<unknown> =>
  admin(AdminServiceService.revokeKey, RevokeKeyRequest.fromPartial({ name: key.name, comment: 'leaked' }));

const evaluate = (token: string, flagKey: string): Promise<unknown> =>
  site.call(
    site.evaluator.grpcPort,
    asAny(EvaluationServiceService.evaluate),
    bearer(token),
    EvaluateRequest.fromPartial({ flagKey, context: { targetingKey: privateValue('user') } }),
  );

describe('a revoked key', () => {
  test('loses every stream that it opened, and only those; no call is let in any more', async () => {
    const [leaked, sound] = [
      await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER }),
      await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER }),
    ];
    const lost = [sync(leaked.token), watch(leaked.token), evaluateStream(leaked.token)];
    const kept = [sync(sound.token), watch(sound.token), evaluateStream(sound.token)];
    for (const stream of [...lost, ...kept]) await stream.opened();
    await revoke(leaked);
    for (const stream of lost)
      expect(await stream.ended()).toMatchObject({
        reason: 'UNAUTHENTICATED',
        message: 'the key was revoked',
      });
    await expect(evaluate(leaked.token, 'new-checkout')).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
    await expect(evaluate(sound.token, 'new-checkout')).resolves.toMatchObject({
      variant: expect.any(String),
    });
    expect(kept.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  });

  test('of a node loses the log that it follows', async () => {
    const key = await site.createKey('', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] });
    const log = asAny(LogServiceService.watchLog);
    const stream = new OpenStream(
      site.controlPlane.grpcPort,
      log,
      key.token,
      WatchLogRequest.fromPartial({}),
    );
    await stream.opened();
    await revoke(key);
    expect(await stream.ended()).toMatchObject({ reason: 'UNAUTHENTICATED' });
  });
});

test('a key that runs out loses its streams, without any change', async () => {
  const expireTime = { seconds: BigInt(Math.floor(Date.now() / 1_000) + 2), nanos: 0 };
  const key = await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER, expireTime });
  const stream = sync(key.token);
  await stream.opened();
  expect(await stream.ended()).toMatchObject({ message: 'the key has expired' });
});

test('a rotation leaves the streams of the old secret open until its time is over', async () => {
  const key = await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER });
  const old = sync(key.token);
  await old.opened();
  const rotate = (overlapSeconds: number): Promise<unknown> =>
    admin(
      AdminServiceService.rotateKey,
      RotateKeyRequest.fromPartial({ name: key.name, overlapSeconds, retireOlder: true }),
    );
  const { token } = (await rotate(3_600)) as { token: string };
  expect(token).not.toBe(key.token);
  const fresh = sync(token);
  await fresh.opened();
  await expect(evaluate(key.token, 'new-checkout')).resolves.toBeDefined();
  await rotate(3_600);
  expect(await old.ended()).toMatchObject({ reason: 'UNAUTHENTICATED' });
  expect(fresh.error).toBeUndefined();
  await expect(rotate(LIMITS.keyOverlapSecondsMax + 1)).rejects.toThrow('overlap_seconds');
  await expect(evaluate(token, 'new-checkout')).resolves.toBeDefined();
});

test('a retry of CreateKey finds the key and not its token, which was shown once', async () => {
  const message = { parent: DEVELOPMENT, key: { kind: KeyKind.SERVER }, opId: 'make-once' };
  const create = (): Promise<unknown> =>
    admin(AdminServiceService.createKey, CreateKeyRequest.fromPartial(message));
  const first = (await create()) as { token: string; key: { name: string } };
  const again = (await create()) as typeof first;
  expect(first.token).toMatch(/^fss_development_/);
  expect(again).toMatchObject({ token: '', key: { name: first.key.name } });
});

test('the first owner’s key lies in a file that only its owner reads', () => {
  expect(statSync(path.join(site.data, 'owner-key')).mode & 0o777).toBe(0o600);
  expect(site.owner).toMatch(/^fsa_/);
});

describe('a client key', () => {
  test('is told of client-visible flags alone, without rule ids', async () => {
    const [client, server] = [
      await site.createKey(DEVELOPMENT, { kind: KeyKind.CLIENT }),
      await site.createKey(DEVELOPMENT, { kind: KeyKind.SERVER }),
    ];
    const batch = async (token: string): Promise<EvaluateBatchResponse['results'][0]['results']> => {
      const answer = await site.call(
        site.evaluator.grpcPort,
        asAny(EvaluationServiceService.evaluateBatch),
        bearer(token),
        EvaluateBatchRequest.fromPartial({
          contexts: [{ targetingKey: 'user-1001', email: privateValue('email') }],
        }),
      );
      return (answer as EvaluateBatchResponse).results[0]!.results;
    };
    const [shown, all] = [await batch(client.token), await batch(server.token)];
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThan(all.length);
    expect(all.some(({ ruleId }) => ruleId !== '')).toBe(true);
    expect(shown.map(({ ruleId }) => ruleId)).toEqual(shown.map(() => ''));
    for (const { flagKey, value } of shown)
      expect(value).toEqual(all.find((other) => other.flagKey === flagKey)?.value);
    const hidden = all.find(({ flagKey }) => !shown.some((other) => other.flagKey === flagKey))!.flagKey;
    const missing = await evaluate(client.token, hidden).catch((error: FlagstreamError) => error);
    const never = await evaluate(client.token, 'never-made').catch((error: FlagstreamError) => error);
    expect(missing).toMatchObject({ reason: 'FLAG_NOT_FOUND' });
    expect(String(missing).replace(hidden, 'F')).toBe(String(never).replace('never-made', 'F'));
    const stream = watch(client.token);
    await stream.opened();
    const { event } = stream.messages[0] as WatchResponse;
    const initial = event?.$case === 'initial' ? event.value.results.map(({ flagKey }) => flagKey) : [];
    expect(initial.sort()).toEqual(shown.map(({ flagKey }) => flagKey).sort());
  });
});
