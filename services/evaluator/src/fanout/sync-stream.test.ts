import { LIMITS } from '@flagstream/protocol';
import { SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type Have, type Hello, SYNC_PROTOCOL_VERSION } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { clientSettings, SyncClient, SyncProbe, start, TestClock } from '../evaluator.fixture.ts';
import { booleanFlag, entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';

const hello = (over: Partial<Hello> = {}): { readonly type: 'hello'; readonly hello: Hello } => ({
  type: 'hello',
  hello: {
    protoMin: SYNC_PROTOCOL_VERSION,
    protoMax: SYNC_PROTOCOL_VERSION,
    instanceId: clientSettings.instanceId,
    sdk: clientSettings.sdk,
    have: undefined,
    maxFrameBytes: 0,
    heartbeatMs: 0,
    attempt: 0,
    filtered: false,
    lostStreams: [],
    ...over,
  },
});

async function ready(log: MemoryLog, clock = new TestClock()): ReturnType<typeof start> {
  const started = await start(log, { now: clock.now, monotonicMs: clock.monotonicMs });
  await started.evaluator.ready();
  return started;
}

describe('Sync', () => {
  it('brings an empty client to the head by a full transfer, then by deltas', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const client = new SyncClient(target);
    await client.at(3);
    expect(client.intents).toEqual(['full']);
    expect(client.session.set.size).toBe(2);
    log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
    await client.at(4);
    log.commit(
      entity.flag('default', 'new-checkout', null),
      entity.config('default', 'development', 'new-checkout', null),
    );
    await client.at(5);
    expect(client.session.set.size).toBe(0);
    expect(client.revisions).toEqual([3, 4, 5]);
    const kinds = client.probe.frames.flatMap((frame) =>
      frame.type === 'update' ? [frame.transfer.kind] : [],
    );
    expect(kinds).toEqual(['full', 'delta', 'delta']);
  });

  it('welcomes with node, environment, log and timings', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const probe = new SyncProbe(target);
    probe.send(hello({ heartbeatMs: 1 }));
    const { welcome } = await probe.frame('welcome');
    expect(welcome).toMatchObject({
      node: 'node-1',
      project: 'default',
      environment: 'development',
      intent: 'full',
      heartbeatMs: LIMITS.heartbeatMsMin,
      ackTimeoutMs: LIMITS.ackTimeoutMs,
    });
    expect(Buffer.from(welcome.logIdentity)).toEqual(Buffer.from(log.state.logIdentity));
  });

  it('resumes after 500 changes by one delta, and sends nothing to a client that is current', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const first = new SyncClient(target);
    await first.at(3);
    first.probe.cancel();
    for (let i = 0; i < 500; i++)
      log.commit(entity.config('default', 'development', 'new-checkout', { enabled: i % 2 === 0 }));
    const second = new SyncClient(target, first.session.set);
    await second.at(503);
    expect(second.intents).toEqual(['delta']);
    expect(second.revisions).toEqual([503]);
    const third = new SyncClient(target, second.session.set);
    await third.probe.frame('welcome');
    expect(third.intents).toEqual(['none']);
    expect(third.revisions).toEqual([]);
  });

  it('takes a client of another log over with a full transfer', async () => {
    const other = shopLog();
    const { target: before } = await ready(other);
    const first = new SyncClient(before);
    await first.at(3);
    const { target } = await ready(shopLog());
    const second = new SyncClient(target, first.session.set);
    await second.at(3);
    expect(second.intents).toEqual(['full']);
    const update = await second.probe.frame('update');
    expect(update.transfer.forked).toBe(true);
  });

  it('does not bother streams of environments that a change leaves alone; their bookmark moves', async () => {
    const log = shopLog();
    log.commit(entity.environment('default', 'production'));
    const clock = new TestClock();
    const { target } = await ready(log, clock);
    const client = new SyncClient(target, undefined, clock.monotonicMs);
    await client.at(4);
    log.commit(entity.config('default', 'production', 'new-checkout', serving('off')));
    // Until the acknowledgement of the first transfer is there, nothing is vouched for.
    let vouched = 0;
    for (let pings = 0; vouched === 0; pings++) {
      clock.advance(LIMITS.heartbeatMs * 1.2);
      vouched = (await client.probe.frame('ping', pings)).head.revision;
    }
    expect(vouched).toBe(5);
    await client.at(5);
    expect(client.revisions).toEqual([4]);
  });

  it('sends what changed while a transfer was open once it is acknowledged, and only the newest state', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const probe = new SyncProbe(target);
    probe.send(hello());
    const { transfer } = await probe.frame('update');
    for (let i = 0; i < 10; i++)
      log.commit(entity.config('default', 'development', 'new-checkout', { enabled: i % 2 === 0 }));
    const have: Have = { position: transfer.to, digest: transfer.digest, logIdentity: log.state.logIdentity };
    probe.send({ type: 'ack', transferId: transfer.transferId, have, applyUs: 1 });
    const next = await probe.frame('update', 1);
    expect(next.transfer).toMatchObject({ kind: 'delta', to: { revision: 13 } });
    expect(next.transfer.put).toHaveLength(1);
  });

  it('after a refused transfer waits until something changes', async () => {
    const log = shopLog();
    const clock = new TestClock();
    const { target, logs } = await ready(log, clock);
    const probe = new SyncProbe(target);
    probe.send(hello());
    const { transfer } = await probe.frame('update');
    probe.send({
      type: 'nack',
      transferId: transfer.transferId,
      code: 'apply',
      detail: 'no',
      bad: [],
      have: undefined,
    });
    clock.advance(LIMITS.heartbeatMs * 1.2);
    await probe.frame('ping');
    expect(probe.frames.filter(({ type }) => type === 'update')).toHaveLength(1);
    expect(
      logs.some((line) => line['msg'] === 'a client refused a transfer' && line['code'] === 'apply'),
    ).toBe(true);
    log.commit(entity.config('default', 'development', 'new-checkout', { enabled: false }));
    const next = await probe.frame('update', 1);
    expect(next.transfer.kind).toBe('full');
  });

  it('does not vouch for a transfer that is not acknowledged', async () => {
    const clock = new TestClock();
    const { target } = await ready(shopLog(), clock);
    const probe = new SyncProbe(target);
    probe.send(hello());
    await probe.frame('update');
    clock.advance(LIMITS.heartbeatMs * 1.2);
    expect((await probe.frame('ping')).head.revision).toBe(0);
  });

  it('answers a wrong digest with a full transfer, once', async () => {
    const { target } = await ready(shopLog());
    const probe = new SyncProbe(target);
    probe.send(hello());
    const first = await probe.frame('update');
    const nack = { type: 'nack', code: 'digest-mismatch', detail: '', bad: [], have: undefined } as const;
    probe.send({ ...nack, transferId: first.transfer.transferId });
    const second = await probe.frame('update', 1);
    probe.send({ ...nack, transferId: second.transfer.transferId });
    expect(await probe.error()).toMatchObject({ reason: 'INTERNAL' });
  });

  it('splits a large transfer into frames that the client takes', async () => {
    const log = shopLog();
    const description = 'x'.repeat(20_000);
    for (let i = 0; i < 40; i++)
      log.commit(entity.flag('default', `flag-${i}`, { ...booleanFlag, description }));
    const { target } = await ready(log);
    const client = new SyncClient(target);
    await client.at(43);
    expect(client.session.set.size).toBe(42);
    const items = client.probe.frames.filter(({ type }) => type === 'items');
    expect(items.length).toBeGreaterThan(2);
    const small = new SyncProbe(target);
    small.send(hello({ maxFrameBytes: 50_000 }));
    await small.frame('commit');
    expect(small.frames.filter(({ type }) => type === 'items').length).toBeGreaterThanOrEqual(20);
  });
});

describe('Sync ends a stream', () => {
  it('that says no hello in time', async () => {
    const clock = new TestClock();
    const { target, evaluator } = await ready(shopLog(), clock);
    const probe = new SyncProbe(target);
    // A frame of the future is ignored and opens the stream for sure.
    probe.write({ frame: undefined, ignorable: true });
    await openStreams(evaluator.managementPort, 1);
    clock.advance(LIMITS.helloTimeoutMs);
    expect(await probe.error()).toMatchObject({ reason: 'TIMEOUT', message: 'no hello arrived in time' });
  });

  it('that does not acknowledge, and one that is silent', async () => {
    const clock = new TestClock();
    const { target } = await ready(shopLog(), clock);
    const current = new SyncClient(target, undefined, clock.monotonicMs);
    await current.at(3);
    const mute = new SyncProbe(target);
    mute.send(hello({ have: current.session.set.have() }));
    await mute.frame('welcome');
    clock.advance(LIMITS.heartbeatMs * LIMITS.heartbeatsMissedMax);
    expect(await mute.error()).toMatchObject({ reason: 'TIMEOUT', message: 'the client answered no ping' });
    const slow = new SyncProbe(target);
    slow.send(hello({ heartbeatMs: LIMITS.heartbeatMsMax }));
    await slow.frame('update');
    clock.advance(LIMITS.ackTimeoutMs);
    expect(await slow.error()).toMatchObject({
      reason: 'TIMEOUT',
      message: 'a transfer was not acknowledged in time',
    });
  });

  it('that breaks the protocol', async () => {
    const { target } = await ready(shopLog());
    const cases: [(probe: SyncProbe) => void, string][] = [
      [(p) => p.send({ type: 'ack', transferId: 1, have: undefined, applyUs: 0 }), 'ack before hello'],
      [(p) => p.write({ frame: undefined, ignorable: false }), 'a frame that this server does not know'],
      [
        (p) =>
          p.write(
            SyncRequest.fromJSON({ hello: { protoMin: 1, protoMax: 1, filter: { tagsAny: ['web'] } } }),
          ),
        'filters are not served by this release',
      ],
      [
        (p) => p.write(SyncRequest.fromJSON({ ack: { transferId: '18446744073709551615' } })),
        '18446744073709551615 is not a revision',
      ],
    ];
    for (const [act, message] of cases) {
      const probe = new SyncProbe(target);
      act(probe);
      expect(await probe.error()).toMatchObject({ reason: 'STREAM_PROTOCOL', message });
    }
    const old = new SyncProbe(target);
    old.send(hello({ protoMin: 2, protoMax: 3 }));
    expect(await old.error()).toMatchObject({ reason: 'STREAM_VERSION_UNSUPPORTED' });
  });

  it('whose client calls itself by a name that is too long for reports, or tells of too many lost streams', async () => {
    const { target } = await ready(shopLog());
    const sdk = { name: 's', version: '1', language: 'x' };
    const tooLong = 'x'.repeat(LIMITS.instanceIdLengthMax + 1);
    const lost = { bootId: 'b', sequence: 1 };
    for (const over of [
      { instanceId: tooLong },
      { sdk: { ...sdk, name: tooLong } },
      { lostStreams: [{ ...lost, bootId: tooLong }] },
      { lostStreams: Array(LIMITS.lostStreamsMax + 1).fill(lost) },
    ]) {
      const probe = new SyncProbe(target);
      probe.send(hello(over));
      expect(await probe.error()).toMatchObject({ reason: 'STREAM_PROTOCOL' });
    }
    const probe = new SyncProbe(target);
    probe.send(hello({ instanceId: tooLong.slice(1) }));
    expect(await probe.frame('welcome')).toBeDefined();
  });

  it('whose client is ahead of this node', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const probe = new SyncProbe(target);
    const position = { ...log.position, revision: log.position.revision + 5 };
    probe.send(hello({ have: { position, digest: { hi: 0n, lo: 0n }, logIdentity: log.state.logIdentity } }));
    expect(await probe.frame('error')).toMatchObject({ code: 'behind', head: { revision: 3 } });
    expect(await probe.error()).toMatchObject({ reason: 'NOT_READY', retryable: true });
  });

  it('when the client says bye', async () => {
    const { target } = await ready(shopLog());
    const probe = new SyncProbe(target);
    probe.send(hello());
    await probe.frame('update');
    probe.send({ type: 'bye', reason: 'done', have: undefined });
    await probe.inbox.until(() => probe.inbox.ended);
    expect(probe.inbox.error).toBeUndefined();
  });

  it('when its environment is archived, and refuses unknown ones', async () => {
    const log = shopLog();
    const { target } = await ready(log);
    const client = new SyncClient(target);
    await client.at(3);
    log.commit(entity.environment('default', 'development', null));
    expect(await client.probe.error()).toMatchObject({ reason: 'ENVIRONMENT_NOT_FOUND' });
    const late = new SyncProbe(target);
    expect(await late.error()).toMatchObject({ reason: 'ENVIRONMENT_NOT_FOUND' });
  });

  it('with a goodbye when the process stops', async () => {
    const { target, evaluator } = await ready(shopLog());
    const client = new SyncClient(target);
    await client.at(3);
    const closing = evaluator.close();
    expect(await client.probe.frame('drain')).toMatchObject({ reason: 'shutdown', deadlineMs: 50 });
    expect(await client.probe.error()).toMatchObject({ reason: 'DRAINING' });
    await closing;
  });
});

/** Waits until the process counts this many Sync streams. */
async function openStreams(managementPort: number, count: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text();
    if (text.includes(`flagstream_stream_clients{kind="sync"} ${count}`)) return;
  }
}
