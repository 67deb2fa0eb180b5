// When a key was used last, as the control plane tells it: used at an evaluator alone, whichever way its reports go.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import {
  AdminServiceClient,
  CreateKeyRequest,
  type CreateKeyResponse,
  GetKeyRequest,
} from '@flagstream/protocol/gen/flagstream/v1/admin';
import { EvaluateRequest, EvaluationServiceClient } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import { type ApiKey, KeyKind, Role } from '@flagstream/protocol/gen/flagstream/v1/model';
import { type Client, credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { SecuredNats } from '../deploy/nats-secured.ts';
import { callUnary } from '../support/grpc-call.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { until } from '../support/until.ts';
import { bearer, KeyedSite } from './keyed-site.ts';

/** A control plane with keys, and an evaluator that follows it in one way. */
interface Route {
  readonly controlPlanePort: number;
  readonly owner: string;
  readonly evaluator: RunningEvaluator;
}

async function inOneProcess(): Promise<Route> {
  const { controlPlane, evaluator, owner } = await KeyedSite.start();
  return { controlPlanePort: controlPlane.grpcPort, owner, evaluator };
}

async function overGrpc(): Promise<Route> {
  const site = await KeyedSite.start();
  const { grpcPort } = site.controlPlane;
  const { token } = await site.createKey('', { kind: KeyKind.ADMIN, roles: [{ role: Role.NODE }] });
  const settings = {
    grpcPort: 0,
    managementPort: 0,
    drainMs: 0,
    controlPlane: { address: `127.0.0.1:${grpcPort}`, key: token },
    log: { level: 'silent' },
  };
  const evaluator = await startEvaluator(evaluatorConfigSchema.parse(settings));
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  await evaluator.ready();
  return { controlPlanePort: grpcPort, owner: site.owner, evaluator };
}

async function overNats(): Promise<Route> {
  const nats = await SecuredNats.start();
  const { running } = await nats.startControlPlane({ requireKeys: true, seed: 'demo' });
  const evaluator = await nats.startEvaluator();
  await evaluator.ready();
  const owner = readFileSync(path.join(nats.folder, 'data', 'owner-key'), 'utf8').trim();
  return { controlPlanePort: running.grpcPort, owner, evaluator };
}

function clientOf<C extends Client>(
  Service: new (address: string, channel: ReturnType<typeof credentials.createInsecure>) => C,
  port: number,
): C {
  const client = new Service(`127.0.0.1:${port}`, credentials.createInsecure());
  hold({ what: 'a client', release: () => client.close(), releaseNow: () => undefined });
  return client;
}

async function tellsOfUse({ controlPlanePort, owner, evaluator }: Route): Promise<void> {
  const admin = clientOf(AdminServiceClient, controlPlanePort);
  const evaluation = clientOf(EvaluationServiceClient, evaluator.grpcPort);
  const parent = 'projects/default/environments/development';
  const create = (): Promise<CreateKeyResponse> => {
    const request = CreateKeyRequest.fromPartial({ parent, key: { kind: KeyKind.SERVER }, comment: 'test' });
    return callUnary(admin, admin.createKey, request, bearer(owner));
  };
  const [used, idle] = [await create(), await create()];
  const lastUsed = async ({ key }: CreateKeyResponse): Promise<ApiKey['lastUsedTime']> => {
    const request = GetKeyRequest.fromPartial({ name: key!.name });
    return (await callUnary(admin, admin.getKey, request, bearer(owner))).key!.lastUsedTime;
  };
  const request = EvaluateRequest.fromPartial({
    flagKey: 'new-checkout',
    context: { targetingKey: 'u' },
    minRevision: used.revision!,
  });
  const startedMs = Date.now();
  await callUnary(evaluation, evaluation.evaluate, request, bearer(used.token));
  const time = await until(() => lastUsed(used), { what: 'the use to be told' });
  expect(Number(time!.seconds) * 1_000).toBeGreaterThan(startedMs - 60_000);
  expect(Number(time!.seconds) % 60).toBe(0);
  expect(await lastUsed(idle)).toBeUndefined();
}

test('a use of a key at an evaluator in the same process is told', async () => {
  await tellsOfUse(await inOneProcess());
});

test('a use of a key at an evaluator that follows over gRPC is told', async () => {
  await tellsOfUse(await overGrpc());
});

requiresNats('2.9.0', { ownServer: true }).test(
  'a use of a key at an evaluator that knows NATS alone is told',
  async () => {
    await tellsOfUse(await overNats());
  },
);
