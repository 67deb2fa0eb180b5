// An evaluator between a real nats-server and a real control plane, each of which goes away: what it stands on,
// and how old it says that it can be.

import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import { LIMITS } from '@flagstream/protocol';
import {
  EvaluationServiceClient,
  type Freshness,
  SourceState,
  sourceStateToJSON,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type { SourceChoiceSettings } from '@flagstream/replica';
import { connectBus, type LogStreamInfo } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Admin } from '../support/admin.ts';
import { callKnown } from '../support/grpc-call.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { privateValue } from '../support/private-value.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { overfill } from '../system/shop.ts';

/** The rule of five seconds, in less: heads still come each second. */
const FAILOVER: SourceChoiceSettings = { unwellMs: 1_500, settledMs: 1_200 };
const SMALLEST_WINDOW = 786_432;

/** @param streamBytes size of the stream's window */
async function startPlane({ url, prefix }: NatsServer, streamBytes?: number): Promise<RunningControlPlane> {
  const config = controlPlaneConfigSchema.parse({
    data: tempDir('following'),
    grpcPort: 0,
    managementPort: 0,
    drainGraceMs: 200,
    nats: { url, prefix, ...(streamBytes === undefined ? {} : { streamBytes }) },
  });
  const running = await startControlPlane(config, { logger: unreadLogger });
  hold({ what: 'control plane', release: () => running.close(), releaseNow: () => undefined });
  return running;
}

interface Followed {
  readonly evaluator: RunningEvaluator;
  freshness(): Promise<Freshness>;
}

async function follow(nats: NatsServer | undefined, controlPlane: string | undefined): Promise<Followed> {
  const config = evaluatorConfigSchema.parse({
    grpcPort: 0,
    managementPort: 0,
    drainMs: 0,
    ...(nats === undefined ? {} : { nats: { url: nats.url, prefix: nats.prefix } }),
    ...(controlPlane === undefined ? {} : { controlPlane: { address: controlPlane } }),
  });
  const evaluator = await startEvaluator(config, { logger: unreadLogger, failover: FAILOVER });
  hold({ what: 'evaluator', release: () => evaluator.close(), releaseNow: () => undefined });
  const client = new EvaluationServiceClient(`127.0.0.1:${evaluator.grpcPort}`, credentials.createInsecure());
  hold({ what: 'client', release: async () => client.close(), releaseNow: () => client.close() });
  const freshness = async (): Promise<Freshness> => {
    const answer = await callKnown(client, client.evaluateBatch, {
      flagKeys: [],
      contexts: [{ targetingKey: privateValue('user') }],
      allowStale: false,
    });
    if (answer.freshness === undefined) throw new Error('an answer without freshness');
    return answer.freshness;
  };
  return { evaluator, freshness };
}

const reaches = (evaluator: RunningEvaluator, revision: number): Promise<unknown> =>
  until(() => evaluator.applied().revision >= revision, { what: `revision ${revision}` });

const stands = ({ freshness }: Followed, source: SourceState): Promise<unknown> =>
  until(async () => (await freshness()).source === source, { what: sourceStateToJSON(source) });

requiresNats('2.9.0', { ownServer: true }).test(
  'moves to the control plane while NATS is away, and back; its bound is a true one',
  async () => {
    const nats = await startNatsServer();
    const plane = await startPlane(nats);
    const admin = new Admin(plane.grpcPort);
    await admin.createBoolean('a', false);
    const followed = await follow(nats, `127.0.0.1:${plane.grpcPort}`);
    await followed.evaluator.ready();
    await stands(followed, SourceState.LIVE);
    await until(async () => !(await followed.freshness()).estimated, { what: 'a true bound' });
    expect((await followed.freshness()).stalenessMs).toBeLessThan(0xffff_ffff);

    await nats.stop('SIGKILL');
    await stands(followed, SourceState.FALLBACK);
    await reaches(followed.evaluator, (await admin.setEnabled('a', true)).revision);
    expect(await followed.freshness()).toMatchObject({ source: SourceState.FALLBACK, estimated: false });

    await nats.restart();
    await stands(followed, SourceState.LIVE);
    await reaches(followed.evaluator, (await admin.setEnabled('a', false)).revision);
    expect(await followed.freshness()).toMatchObject({ source: SourceState.LIVE });
  },
);

requiresNats('2.9.0').test(
  'starts with an empty disk and no control plane from the snapshot in NATS and the records after it',
  async () => {
    const nats = await startNatsServer();
    const plane = await startPlane(nats, SMALLEST_WINDOW);
    const admin = new Admin(plane.grpcPort);
    await admin.createBoolean('a', false);
    const bus = await connectBus({ url: nats.url, prefix: nats.prefix, name: 'test', logger: unreadLogger });
    hold({ what: 'bus', release: () => bus.close(), releaseNow: () => undefined });
    const shipped = async (revision: number): Promise<LogStreamInfo> => {
      const stream = (): Promise<LogStreamInfo | undefined> => bus.logStreamInfo(1);
      const done = async (): Promise<boolean> => (await stream())?.lastSeq === revision;
      await until(done, { what: `revision ${revision} in NATS` });
      return (await stream())!;
    };
    await overfill({ running: plane, admin });
    const { firstSeq } = await shipped(plane.head().revision);
    // The records alone do not say it all: the first of them are gone.
    expect(firstSeq).toBeGreaterThan(1);
    const between = { what: 'a record after a snapshot that the records continue' };
    const { epoch, revision } = await until(async () => {
      const newest = await admin.setEnabled('a', true);
      const from = (await bus.fetchSnapshot())?.position.revision ?? 0;
      return from >= firstSeq - 1 && from < newest.revision ? newest : undefined;
    }, between);
    await shipped(revision);
    await plane.close();

    const { evaluator, freshness } = await follow(nats, undefined);
    await evaluator.ready();
    expect(evaluator.applied()).toMatchObject({ epoch, revision });
    // Nobody vouches for it any more: it is served all the same, and says so.
    expect(await freshness()).toMatchObject({ stalenessMs: 0xffff_ffff, estimated: true });
  },
);

requiresNats('2.9.0').test(
  'notices a control plane that is there and mute, within two and a half heads',
  async () => {
    const nats = await startNatsServer();
    const plane = await startPlane(nats);
    const admin = new Admin(plane.grpcPort);
    await admin.createBoolean('a', false);
    await Promise.all(
      (['down', 'up'] as const).map(async (direction) => {
        const proxy = await TcpProxy.start(plane.grpcPort);
        const followed = await follow(undefined, proxy.address);
        await followed.evaluator.ready();
        await stands(followed, SourceState.FALLBACK);
        proxy.set({ kind: 'drop', direction }, 'open');
        // The promise is the deadline, with the time that a loaded machine takes to look.
        const noticed = {
          what: `the loss (${direction})`,
          timeoutMs: LIMITS.heartbeatsMissedMax * LIMITS.beaconMs + 1_000,
        };
        await until(async () => (await followed.freshness()).source === SourceState.STALE_CACHE, noticed);
        await stands(followed, SourceState.FALLBACK);
        await until(async () => (await followed.freshness()).stalenessMs < 2_000, { what: 'a bound again' });
        await reaches(followed.evaluator, plane.head().revision);
      }),
    );
  },
);
