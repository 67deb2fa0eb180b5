import { createServer } from 'node:net';
import {
  epochBaseToWire,
  fail,
  headBeaconToWire,
  revisionNumber,
  versionedEntityToWire,
} from '@flagstream/protocol';
import { EvaluationServiceClient, SourceState } from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import type {
  GetHeadRequest,
  GetSnapshotRequest,
  GetSnapshotResponse,
} from '@flagstream/protocol/gen/flagstream/v1/log';
import {
  LogServiceService,
  type WatchLogRequest,
  type WatchLogResponse,
} from '@flagstream/protocol/gen/flagstream/v1/log';
import { HealthClient } from '@flagstream/protocol/gen/grpc/health/v1/health';
import type { LogSource, Position } from '@flagstream/replica';
import {
  GrpcHost,
  HealthState,
  loadConfig,
  loopbackPrincipal,
  Metrics,
  serverStream,
  unary,
} from '@flagstream/runtime';
import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { until } from '../../../test/support/until.ts';
import { call, closing, failure, start, testConfig, testLogger } from './evaluator.fixture.ts';
import { evaluatorConfigSchema } from './evaluator-config.ts';
import { entity, MemoryLog, serving, shopLog } from './log.fixture.ts';
import { startEvaluator } from './start-evaluator.ts';

const get = async (port: number, path: string): Promise<{ status: number; body: string }> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text() };
};

describe('startEvaluator', () => {
  it('says which settings are missing when there is nothing to follow', async () => {
    const { logger } = testLogger();
    const error = await failure(startEvaluator(testConfig(), { logger }));
    expect(error.reason).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(/--nats-url.*--control-plane-address/);
  });

  it('has settings by the names of the house', () => {
    const config = loadConfig(evaluatorConfigSchema, {
      env: {
        FLAGSTREAM_NATS_URL: 'nats://127.0.0.1:4222',
        FLAGSTREAM_CONTROL_PLANE_ADDRESS: '127.0.0.1:8010',
      },
      flags: { 'heartbeat-ms': '2000' },
    });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      grpcPort: 8013,
      managementPort: 8014,
      nats: { url: 'nats://127.0.0.1:4222', prefix: 'flagstream' },
      controlPlane: { address: '127.0.0.1:8010' },
      heartbeatMs: 2_000,
    });
  });

  it.each([
    ['0', true],
    ['1', false],
    ['4999', false],
    ['5000', true],
  ])('takes a bound of age of %s ms on readiness: %s', (bound, taken) => {
    const load = (): number =>
      loadConfig(evaluatorConfigSchema, { env: { FLAGSTREAM_READY_STALENESS_MS: bound }, flags: {} })
        .readyStalenessMs;
    if (taken) expect(load()).toBe(Number(bound));
    else expect(load).toThrow(/FLAGSTREAM_READY_STALENESS_MS.* must be 0 \(off\) or at least 5000/);
  });

  it('is alive but not ready before the first state, then ready, and counts', async () => {
    const log = new MemoryLog();
    const held = log.records.splice(0);
    // No time passes: a head that was heard and not delivered stays so.
    const { evaluator, target, client } = await start(log, { monotonicMs: () => 0 });
    const health = closing(new HealthClient(target, grpc.credentials.createInsecure()), (c) => c.close());
    const check = (service: string) => call(health, health.check, { service });
    expect(await check('')).toMatchObject({ status: 2 });
    expect((await get(evaluator.managementPort, '/healthz')).status).toBe(200);
    const unready = await get(evaluator.managementPort, '/readyz');
    expect(unready.status).toBe(412);
    expect(JSON.parse(unready.body)).toMatchObject({ reasons: [expect.stringContaining('no whole state')] });
    log.records.push(...held);
    log.deliver(...held);
    await evaluator.ready();
    expect(await check('flagstream.v1.EvaluationService')).toMatchObject({ status: 1 });
    expect((await get(evaluator.managementPort, '/readyz')).status).toBe(200);
    log.commit(entity.project('default'), entity.environment('default', 'development'));
    await failure(call(client, client.evaluate, { flagKey: 'x', expectedKind: 0, allowStale: false }));
    expect(evaluator.applied()).toEqual(log.position);
    log.cut = true;
    log.commit(entity.environment('default', 'production'));
    log.beat();
    const { body } = await get(evaluator.managementPort, '/metrics');
    for (const line of [
      'flagstream_applied_revision 2',
      'flagstream_latest_revision 3',
      'flagstream_environments 1',
      'flagstream_stream_clients{kind="sync"} 0',
      'flagstream_evaluations_total{reason="ERROR"} 1',
    ])
      expect(body).toContain(line);
    expect(evaluator.applied().revision).toBe(2);
  });

  it('that shares its port with others joins them with its first state', async () => {
    const log = new MemoryLog();
    const held = log.records.splice(0);
    const [grpcPort, managementPort] = [await unusedPort(), await unusedPort()];
    const starting = start(log, { monotonicMs: () => 0, sharesPort: true }, { grpcPort, managementPort });
    const asked = { what: 'the management port, which is opened just before' };
    const unready = await until(() => get(managementPort, '/readyz'), asked);
    expect(unready.status).toBe(412);
    await expect(get(grpcPort, '/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    log.records.push(...held);
    log.deliver(...held);
    await starting;
    expect((await get(managementPort, '/readyz')).status).toBe(200);
    // HTTP/1.1 is answered there, if only by a hint.
    const { ofrepPort } = (await starting).evaluator;
    const { status, body } = await get(grpcPort, '/');
    expect(status).toBe(404);
    const elsewhere = `health and metrics on ${managementPort}, OFREP on ${ofrepPort}`;
    expect(JSON.parse(body)).toMatchObject({ hint: expect.stringContaining(elsewhere) });
  });

  it('starts, and says why it is not ready, while NATS is down', async () => {
    const { logger } = testLogger();
    const nats = { url: `nats://127.0.0.1:${await unusedPort()}`, prefix: 'test' };
    const evaluator = closing(await startEvaluator(testConfig({ nats }), { logger }), (e) => e.close());
    expect((await get(evaluator.managementPort, '/healthz')).status).toBe(200);
    const { status, body } = await get(evaluator.managementPort, '/readyz');
    expect([status, JSON.parse(body)]).toMatchObject([
      412,
      { reasons: [expect.any(String), 'the log source does not deliver'] },
    ]);
  });

  it('names the port that is taken, and leaves nothing open', async () => {
    const taken = closing(createServer(), (server) => server.close());
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    );
    const { logger } = testLogger();
    const log = shopLog();
    const error = await failure(startEvaluator(testConfig({ grpcPort: port }), { source: log, logger }));
    expect(error).toMatchObject({ reason: 'PORT_IN_USE' });
    expect(error.message).toContain(String(port));
  });
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A control plane's LogService over a log in memory. */
async function logService(
  log: MemoryLog,
  port = 0,
): Promise<{ port: number; close(): Promise<void>; resumed: number[] }> {
  const resumed: number[] = [];
  const { logger } = testLogger();
  const host = new GrpcHost({
    name: 'control plane',
    logger,
    metrics: new Metrics(),
    authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
    health: new HealthState(),
    services: [
      {
        definition: LogServiceService,
        policy: { getHead: 'log', getSnapshot: 'log', watchLog: 'log' },
        handlers: {
          getHead: unary<GetHeadRequest, unknown>(() => ({ head: headBeaconToWire(log.beacon()) })),
          getSnapshot: serverStream<GetSnapshotRequest, GetSnapshotResponse>((_, stream) => {
            const { position, lineage, stateDigest, entities, recentHashes } = log.snapshot();
            const header = {
              format: 1,
              logId: 'main',
              epoch: position.epoch,
              revision: BigInt(position.revision),
              hash: position.hash,
              stateDigest,
              minReader: 1,
              lineage: lineage.map(epochBaseToWire),
              entities: BigInt(entities.length),
              recentHashes: Buffer.concat(recentHashes),
            };
            stream.write({ chunk: { $case: 'header', value: header } });
            for (const found of entities)
              stream.write({
                chunk: { $case: 'entities', value: { entities: [versionedEntityToWire(found)] } },
              });
            stream.end();
          }),
          watchLog: serverStream<WatchLogRequest, WatchLogResponse>(({ after }, stream, { signal }) => {
            const revision = after === undefined ? 0 : revisionNumber(after.revision);
            resumed.push(revision);
            if (revision + 1 < log.firstRevision) throw fail('BEHIND_WINDOW', 'too old');
            const from: Position = { epoch: 1, revision, hash: Buffer.alloc(0) };
            const subscription = log.open(from, {
              records: (records) =>
                stream.write({ event: { $case: 'records', value: { records: [...records] } } }),
              head: (beacon) => stream.write({ event: { $case: 'head', value: headBeaconToWire(beacon) } }),
              status: () => undefined,
            });
            signal.addEventListener('abort', () => void subscription.close());
          }),
        },
      },
    ],
  });
  const bound = await host.listen({ host: '127.0.0.1', port });
  const service = { port: bound.port, close: () => host.drain(0), resumed };
  return closing(service, (s) => s.close());
}

describe('an evaluator that follows a control plane', () => {
  it('starts while it is down, follows it, and resumes where it was after a restart', async () => {
    const log = shopLog();
    const first = await logService(log);
    const { port } = first;
    await first.close();
    const { logger, logs } = testLogger();
    const config = testConfig({ controlPlane: { address: `127.0.0.1:${port}` } });
    const evaluator = closing(await startEvaluator(config, { logger, random: () => 0 }), (e) => e.close());
    while (!logs.some((line) => line['source'] === 'down'))
      await new Promise((resolve) => setImmediate(resolve));
    const second = await logService(log, port);
    await evaluator.ready();
    expect(evaluator.applied().revision).toBe(3);
    log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    while (evaluator.applied().revision < 4) await new Promise((resolve) => setImmediate(resolve));
    await second.close();
    log.commit(entity.config('default', 'development', 'new-checkout', serving('on')));
    const third = await logService(log, port);
    while (evaluator.applied().revision < 5) await new Promise((resolve) => setImmediate(resolve));
    expect(third.resumed).toEqual([4]);
  });

  it('takes a snapshot when the log no longer has the beginning', async () => {
    const log = shopLog();
    log.records.splice(0, 2);
    const { port } = await logService(log);
    const { logger } = testLogger();
    const config = testConfig({ controlPlane: { address: `127.0.0.1:${port}` } });
    const evaluator = closing(await startEvaluator(config, { logger }), (e) => e.close());
    await evaluator.ready();
    expect(evaluator.applied()).toEqual({ ...log.position, hash: Buffer.from(log.position.hash) });
  });
});

describe('a bound of staleness on readiness', () => {
  it('takes the process out of service while its state may be older, never its life', async () => {
    const log = shopLog();
    let monotonicMs = 0;
    const deps = { monotonicMs: () => monotonicMs };
    const { evaluator, target } = await start(log, deps, { readyStalenessMs: 5_000 });
    await evaluator.ready();
    const health = closing(new HealthClient(target, grpc.credentials.createInsecure()), (c) => c.close());
    const check = async (): Promise<number> => (await call(health, health.check, { service: '' })).status;
    const until = async (ready: boolean): Promise<void> => {
      while ((await check()) !== (ready ? 1 : 2)) await new Promise((resolve) => setImmediate(resolve));
    };
    await until(true);
    log.headFault = 'nobody answers';
    monotonicMs = 5_001;
    await until(false);
    const { status, body } = await get(evaluator.managementPort, '/readyz');
    expect([status, JSON.parse(body)]).toMatchObject([
      503,
      { reasons: [expect.stringContaining('5001 ms old')] },
    ]);
    expect((await get(evaluator.managementPort, '/healthz')).status).toBe(200);
    const metrics = (await get(evaluator.managementPort, '/metrics')).body;
    expect(metrics).toContain('flagstream_staleness_seconds 5.001');
    expect(metrics).toContain('flagstream_source_state{state="live"} 1');
    log.headFault = undefined;
    monotonicMs += 5_000;
    await until(true);
  });
});

describe('an evaluator with a disk cache', () => {
  it('serves what it had, marked as such, with everything else down', async () => {
    const dir = tempDir('evaluator-cache');
    const log = shopLog();
    const first = await start(log, {}, { cache: { dir } });
    await first.evaluator.ready();
    log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    const { body } = await get(first.evaluator.managementPort, '/metrics');
    expect(body).toMatch(/^flagstream_cache_tail_bytes [1-9]/m);
    expect(body).toContain('flagstream_cache_writes_total{outcome="failures"} 0');
    expect(body).toContain('flagstream_cache_poisoned 0');
    await first.evaluator.close();
    const nobody: LogSource = { open: () => ({ close: () => Promise.resolve() }) };
    const { logger } = testLogger();
    const config = testConfig({ cache: { dir } });
    const second = closing(await startEvaluator(config, { source: nobody, logger }), (e) => e.close());
    await second.ready();
    expect(second.applied()).toEqual({ ...log.position, hash: Buffer.from(log.position.hash) });
    const target = `127.0.0.1:${second.grpcPort}`;
    const client = closing(new EvaluationServiceClient(target, grpc.credentials.createInsecure()), (c) =>
      c.close(),
    );
    expect(
      await call(client, client.evaluate, { flagKey: 'new-checkout', expectedKind: 0, allowStale: false }),
    ).toMatchObject({
      value: false,
      revision: 4n,
      freshness: { source: SourceState.STALE_CACHE, estimated: true, stalenessMs: 0xffff_ffff },
    });
    expect((await get(second.managementPort, '/readyz')).status).toBe(200);
    await second.close();
    const bounded = testConfig({ cache: { dir }, readyStalenessMs: 60_000 });
    const third = closing(await startEvaluator(bounded, { source: nobody, logger }), (e) => e.close());
    await third.ready();
    expect((await get(third.managementPort, '/readyz')).body).toContain('is of unknown age (stale-cache)');
  });
});
