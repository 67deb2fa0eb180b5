import { once } from 'node:events';
import { recordCodec, versionedEntityFromWire } from '@flagstream/protocol';
import { CreateSegmentRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import {
  GetHeadRequest,
  GetSnapshotRequest,
  type GetSnapshotResponse,
  LogServiceClient,
  WatchLogRequest,
  type WatchLogResponse,
} from '@flagstream/protocol/gen/flagstream/v1/log';
import type { SnapshotHeader } from '@flagstream/protocol/gen/flagstream/v1/record';
import { LogState, type VersionedEntity } from '@flagstream/replica';
import { GrpcHost, HealthState, loopbackPrincipal, Metrics } from '@flagstream/runtime';
import { type ClientReadableStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scrape } from '../../../../test/support/scrape.ts';
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { until } from '../../../../test/support/until.ts';
import { call, clientOf, controlPlane, failure, type TestControlPlane } from '../control-plane.fixture.ts';
import type { ChangeLog } from '../log/change-log.ts';
import { HeadBeacons } from '../publish/head-beacons.ts';
import { Workbench } from '../workbench.fixture.ts';
import { logService } from './log-service.ts';
import { Snapshots } from './snapshot.ts';

const segment = (id: string, members: number): CreateSegmentRequest =>
  CreateSegmentRequest.fromJSON({
    parent: 'projects/default',
    segmentId: id,
    segment: { included: Array.from({ length: members }, (_, i) => `user-${i}`) },
  });

/** Follows WatchLog until the state has reached a revision. */
async function follow(plane: TestControlPlane, state: LogState, revision: number): Promise<void> {
  const { position } = state;
  const after = {
    epoch: position.epoch,
    revision: BigInt(position.revision),
    hash: Buffer.from(position.hash),
  };
  const stream: ClientReadableStream<WatchLogResponse> = plane.log.watchLog(
    WatchLogRequest.create({ after }),
  );
  for await (const message of stream as AsyncIterable<WatchLogResponse>) {
    if (message.event?.$case === 'records')
      for (const bytes of message.event.value.records)
        expect(state.apply(recordCodec.decodeRecord(bytes)).kind).toBe('applied');
    if (state.position.revision >= revision) break;
  }
}

describe('LogService', () => {
  it('streams the log from any place, and what is committed later', async () => {
    const plane = await controlPlane({ seed: 'demo' });
    const state = new LogState(recordCodec);
    await follow(plane, state, plane.running.head().revision);
    const following = follow(plane, state, plane.running.head().revision + 1);
    await call(plane.admin, plane.admin.createSegment, segment('s', 3));
    await following;
    expect(state.position).toEqual({
      ...plane.running.head(),
      hash: expect.anything(),
    });
    const { head } = await call(plane.log, plane.log.getHead, GetHeadRequest.create());
    expect(head?.headHash).toEqual(Buffer.from(state.position.hash));
    expect(head?.stateDigest).toEqual(Buffer.from(state.digest));
  });

  it('sends the head while nothing happens', async () => {
    const plane = await controlPlane();
    const { epoch, revision, hash } = plane.running.head();
    const after = { epoch, revision: BigInt(revision), hash: Buffer.from(hash) };
    for await (const message of plane.log.watchLog({ after }) as AsyncIterable<WatchLogResponse>) {
      expect(message.event).toMatchObject({ $case: 'head', value: { headRevision: BigInt(revision) } });
      break;
    }
  });

  it('ends the stream of an evaluator that is gone without a word', async () => {
    const plane = await controlPlane();
    const proxy = await TcpProxy.start(plane.running.grpcPort);
    onTestFinished(() => proxy.close());
    const stream = clientOf(LogServiceClient, proxy.address).watchLog({ after: undefined });
    stream.on('error', () => undefined);
    await once(stream, 'data');
    const openStreams = (): Promise<number> =>
      scrape(plane.running.managementPort, 'flagstream_grpc_open_streams');
    expect(await openStreams()).toBe(1);
    proxy.set({ kind: 'drop', direction: 'both' });
    await until(async () => (await openStreams()) === 0, {
      what: 'the end of the stream',
      timeoutMs: 15_000,
    });
  });

  it('refuses a revision that is not on its lineage', async () => {
    const plane = await controlPlane();
    const { epoch, revision } = plane.running.head();
    const refusal = (after: { epoch: number; revision: bigint; hash: Buffer }): Promise<ServiceError> =>
      new Promise((resolve) => {
        plane.log.watchLog({ after }).on('error', resolve).resume();
      });
    for (const after of [
      { epoch, revision: BigInt(revision), hash: Buffer.alloc(32) },
      { epoch, revision: BigInt(revision + 1), hash: Buffer.alloc(0) },
    ])
      expect((await refusal(after)).details).toContain(`revision ${after.revision} is not one of this log's`);
    expect((await refusal({ epoch, revision: 1n << 63n, hash: Buffer.alloc(0) })).details).toBe(
      'after.revision: is out of range',
    );
  });

  it('sends a snapshot in bounded messages that adds up to its digest', async () => {
    const plane = await controlPlane({ seed: 'demo' });
    await call(plane.admin, plane.admin.createSegment, {
      ...segment('large', 50_000),
      comment: 'import',
    });
    let header: SnapshotHeader | undefined;
    const entities: VersionedEntity[] = [];
    let messages = 0;
    const stream = plane.log.getSnapshot(GetSnapshotRequest.create());
    for await (const { chunk } of stream as AsyncIterable<GetSnapshotResponse>) {
      if (chunk?.$case === 'header') header = chunk.value;
      else if (chunk !== undefined) entities.push(...chunk.value.entities.map(versionedEntityFromWire));
      messages++;
    }
    expect(messages).toBeGreaterThan(3);
    expect(header?.entities).toBe(BigInt(entities.length));
    expect(header?.recentHashes.length).toBe(32 * plane.running.head().revision);
    const state = LogState.fromSnapshot(recordCodec, {
      position: { ...plane.running.head() },
      lineage: [],
      stateDigest: header!.stateDigest,
      entities,
      recentHashes: [header!.recentHashes.subarray(-32)],
    });
    expect(state.position.revision).toBe(plane.running.head().revision);
  });
});

describe('LogService, while the log must not be told of', () => {
  async function serve({ log, store }: Workbench): Promise<LogServiceClient> {
    const beacons = new HeadBeacons({
      log,
      natsPrefix: 'test',
      controlPlaneId: 'cp',
      bootId: 'boot',
      random: () => 0.5,
    });
    const host = new GrpcHost({
      name: 'test',
      logger: unreadLogger,
      metrics: new Metrics(),
      health: new HealthState(),
      authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
      services: [logService({ log, beacons, snapshots: new Snapshots(store) })],
      reflection: false,
      maxRequestBytes: 65_536,
    });
    const { port } = await host.listen({ host: '127.0.0.1', port: 0 });
    const client = new LogServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
    onTestFinished(async () => {
      client.close();
      beacons.close();
      await host.drain(0);
    });
    return client;
  }

  const stops: readonly [string, (log: ChangeLog) => void, string, boolean, string][] = [
    [
      'is held until it has seen its stream',
      (log) => log.setGate({ kind: 'held', detail: 'why' }),
      'WRITES_HELD',
      true,
      'log status',
    ],
    [
      'lost a fork',
      (log) => log.setGate({ kind: 'refused', code: 'forked', detail: 'why' }),
      'LOG_FORKED',
      false,
      'stop one of the two',
    ],
    [
      'lacks revisions',
      (log) => log.setGate({ kind: 'refused', code: 'gap', detail: 'why' }),
      'REVISIONS_MISSING',
      false,
      'newer backup',
    ],
    ['is damaged', (log) => log.refuseWrites('why', 'LOG_CORRUPT'), 'LOG_CORRUPT', false, 'Restore a backup'],
  ];

  it.each(stops)('says why: it %s', async (_, stop, reason, retryable, next) => {
    const bench = new Workbench();
    const client = await serve(bench);
    stop(bench.log);
    const error = await failure(call(client, client.getHead, GetHeadRequest.create()));
    expect(error).toMatchObject({ reason, retryable, message: 'why', next: expect.stringContaining(next) });
    bench.log.setGate({ kind: 'open' });
    if (reason === 'LOG_CORRUPT') return;
    const { head } = await call(client, client.getHead, GetHeadRequest.create());
    expect(head?.headRevision).toBe(1n);
  });
});
