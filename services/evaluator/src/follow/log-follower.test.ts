import { recordCodec } from '@flagstream/protocol';
import type { LogRecord } from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { call, closing, failure, start, TestClock, testLogger, waiting } from '../evaluator.fixture.ts';
import { entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';
import { FirstSnapshot } from './first-answer.ts';
import { LogFollower } from './log-follower.ts';

interface Following {
  readonly follower: LogFollower;
  readonly clock: TestClock;
  /** What the listener heard: revisions that moved, or `replaced`. */
  readonly heard: (number | 'replaced')[];
  readonly logs: Record<string, unknown>[];
}

async function follow(log: MemoryLog): Promise<Following> {
  const clock = new TestClock();
  const { logger, logs } = testLogger();
  const heard: Following['heard'] = [];
  const listener = {
    moved: (records: readonly { readonly revision: number }[]) =>
      void heard.push(...records.map((r) => r.revision)),
    replaced: () => void heard.push('replaced'),
    heard: () => undefined,
  };
  const parts = {
    codec: recordCodec,
    source: log,
    snapshots: new FirstSnapshot([log], logger),
    authority: log,
    monotonicMs: clock.now,
    random: () => 0,
    logger,
    listener,
  };
  const follower = closing(new LogFollower(parts), (f) => f.close());
  follower.start();
  await turn();
  return { follower, clock, heard, logs };
}

/** What was asked for has been answered. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const config = (enabled: boolean) => entity.config('default', 'development', 'new-checkout', { enabled });

/** A record at the place of `record` that says something else. */
function forged(record: LogRecord): LogRecord {
  return recordCodec.encodeRecord({ ...record, comment: 'forged' });
}

describe('LogFollower', () => {
  it('starts from a snapshot and follows the log, record by record in order', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    expect([heard, log.opened.map(({ revision }) => revision)]).toEqual([['replaced'], [3]]);
    expect(follower.caughtUp).toBe(true);
    log.commit(config(false));
    expect(heard).toEqual(['replaced', 4]);
    expect(follower.state.digest).toEqual(log.state.digest);
  });

  it('replays the log from its beginning where there is no snapshot', async () => {
    const log = shopLog();
    log.snapshotFault = 'none yet';
    const { heard } = await follow(log);
    expect(heard).toEqual([1, 2, 3]);
  });

  it('takes duplicates without effect', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    log.deliver(...log.records);
    expect(heard).toEqual(['replaced']);
    expect(follower.follower.counters.duplicates).toBe(3);
  });

  it('reads again from its position when records are missing', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    log.cut = true;
    log.commit(config(false));
    log.cut = false;
    log.commit(config(true));
    expect(log.opened.map(({ revision }) => revision)).toEqual([3, 3]);
    expect(heard).toEqual(['replaced', 4, 5]);
    expect(follower.follower.counters.gaps).toBe(1);
  });

  it('reads again when heads run ahead of what is delivered', async () => {
    const log = shopLog();
    const { clock, heard } = await follow(log);
    log.cut = true;
    log.commit(config(false));
    log.beat();
    expect(heard).toEqual(['replaced']);
    clock.advance(2_000);
    log.beat();
    expect(heard).toEqual(['replaced', 4]);
  });

  it('keeps its state when the log says something else, raises an alarm and asks for a snapshot', async () => {
    const log = shopLog();
    const { follower, heard, logs, clock } = await follow(log);
    log.snapshotFault = 'nobody answers';
    clock.advance(1_000);
    log.deliver(forged(log.records[2]!));
    expect(heard).toEqual(['replaced']);
    expect(follower.alarms.get('diverged')).toBe(1);
    expect(follower.freshness().source).toBe('diverged');
    expect(log.snapshotsFetched).toBe(2);
    await turn();
    expect(logs.map((line) => line['alarm'])).toContain('snapshot-failed');
    log.snapshotFault = undefined;
    clock.advance(1_500);
    log.beat();
    await turn();
    expect(heard).toEqual(['replaced']);
    expect(follower.freshness().source).toBe('live');
  });

  it('refuses a record that does not follow the applied one', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    log.cut = true;
    const next = log.commit(config(false));
    log.deliver(recordCodec.encodeRecord({ ...next, prevHash: new Uint8Array(32) }));
    expect(heard).toEqual(['replaced']);
    expect(follower.follower.counters.diverged).toBe(1);
  });

  it('stops before a record for newer readers', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    const { epoch, revision, hash } = log.position;
    log.deliver(
      recordCodec.encodeRecord(
        log.next([config(false)], { epoch, revision: revision + 1, prevHash: hash, minReader: 99 }),
      ),
    );
    expect(heard).toEqual(['replaced']);
    expect(follower.alarms.get('frozen')).toBe(1);
    expect(follower.freshness().source).toBe('frozen');
  });

  it('takes a snapshot where the source no longer has what comes next', async () => {
    const log = shopLog();
    const { follower, heard, clock } = await follow(log);
    log.cut = true;
    log.commit(config(false));
    log.records.splice(0, 3);
    log.status({ kind: 'behind', firstRevision: 5, detail: 'the window moved on' });
    clock.advance(1_500);
    log.beat();
    await turn();
    expect(heard).toEqual(['replaced', 'replaced']);
    expect(log.opened.at(-1)?.revision).toBe(4);
    expect(follower.state.position).toEqual(log.position);
  });

  it('proves its freshness by asking, and says when the source is away', async () => {
    const log = shopLog();
    const { follower, clock } = await follow(log);
    clock.advance(700);
    expect(follower.freshness()).toEqual({ stalenessMs: 700, estimated: false, source: 'live' });
    clock.advance(300);
    log.beat();
    await turn();
    expect(follower.freshness()).toEqual({ stalenessMs: 0, estimated: false, source: 'live' });
    log.status({ kind: 'down', detail: 'gone' });
    expect(follower.live).toBe(false);
    log.deliver(...log.records);
    expect(follower.freshness().source).toBe('stale-cache');
  });

  it('does not hear what a closed subscription still says', async () => {
    const log = shopLog();
    const { follower, heard } = await follow(log);
    await follower.close();
    log.commit(config(false));
    expect(heard).toEqual(['replaced']);
  });
});

describe('an evaluator whose log diverged', () => {
  it('goes on answering from its last good state and says so', async () => {
    const log = shopLog();
    log.snapshotFault = 'nobody answers';
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));
    log.deliver(forged(log.records[3]!));
    const answer = await call(client, client.evaluate, {
      flagKey: 'new-checkout',
      expectedKind: 0,
      allowStale: false,
    });
    expect(answer).toMatchObject({ value: false, revision: 4n, freshness: { source: 5 } });
  });
});

describe('min_revision', () => {
  it('waits for the revision, and says where it stands when that does not come', async () => {
    const log = shopLog();
    const started = await start(log);
    const { client, evaluator } = started;
    await evaluator.ready();
    const at = (epoch: number, revision: bigint, hash = Buffer.alloc(0)) =>
      call(client, client.evaluate, {
        flagKey: 'new-checkout',
        expectedKind: 0,
        minRevision: { epoch, revision, hash },
        allowStale: false,
      });
    expect(await at(1, 3n)).toMatchObject({ revision: 3n });
    const answer = at(1, 4n);
    await waiting(started);
    log.commit(config(false));
    expect(await answer).toMatchObject({ revision: 4n, value: false });
    expect(await failure(at(1, 9n))).toMatchObject({
      reason: 'REVISION_NOT_REACHED',
      metadata: { wanted: 'e1.9', applied: 'e1.4' },
      retryable: true,
    });
    expect(await failure(at(1, 3n, Buffer.alloc(32)))).toMatchObject({ reason: 'REVISION_FORKED' });
    expect(await at(1, 3n, Buffer.from(log.records[2]!.hash))).toMatchObject({ revision: 4n });
  });

  it('takes a revision of an older epoch when it is on the lineage', async () => {
    const log = shopLog();
    const { client, evaluator } = await start(log);
    await evaluator.ready();
    const { revision, hash } = log.position;
    const lineage = [
      ...log.state.lineage,
      { epoch: 2, baseRevision: revision, baseHash: hash, startedMs: 2, reason: 'reseeded' },
    ];
    log.append(
      recordCodec.encodeRecord(
        log.next([], { epoch: 2, kind: 'genesis', genesis: { lineage, reason: 'reseeded' } }),
      ),
    );
    const at = (wanted: bigint) =>
      call(client, client.evaluateBatch, {
        flagKeys: [],
        contexts: [{}],
        minRevision: { epoch: 1, revision: wanted, hash: Buffer.alloc(0) },
        allowStale: false,
      });
    expect(await at(3n)).toMatchObject({ epoch: 2, revision: 4n });
    expect(await failure(at(4n))).toMatchObject({ reason: 'REVISION_FORKED' });
  });
});
