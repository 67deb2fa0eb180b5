import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import {
  GetLogStatusResponse,
  LogIntegrity_State,
  MaintenanceServiceClient,
  ReseedLogRequest,
} from '@flagstream/protocol/gen/flagstream/v1/maintenance';
import type { Position, TakeOver } from '@flagstream/replica';
import { GrpcHost, HealthState, loopbackPrincipal, Metrics } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { unreadLogger } from '../../../../test/support/unread-logger.ts';
import { call, failure } from '../control-plane.fixture.ts';
import { ChangeLog } from '../log/change-log.ts';
import { openFile } from '../log/native-objects.ts';
import { flagEntity, IDENTITY } from '../log/record.fixture.ts';
import { SqliteStore } from '../log/sqlite-store.ts';
import { tempFolder } from '../temp-folder.fixture.ts';
import { BackupSchedule } from './backup-schedule.ts';
import { IntegrityWatch } from './integrity-watch.ts';
import { maintenanceService, type OperatedShipping } from './maintenance-service.ts';
import { tasksInProcess } from './tasks-in-process.fixture.ts';

const HOUR_MS = 3_600_000;
/** Periods of tests that move all timers: others of this worker move with them. */
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

interface OpenLog {
  readonly path: string;
  readonly log: ChangeLog;
}

function openLog(): OpenLog {
  const path = join(tempFolder(), 'flagstream.db');
  const store = new SqliteStore(path, recordCodec);
  onTestFinished(() => store.close());
  const log = new ChangeLog({ store, codec: recordCodec, now: () => START_MS });
  log.begin(IDENTITY);
  write(log, 'a');
  return { path, log };
}

function write(log: ChangeLog, key: string): Position {
  return log.append({
    opId: `op-${key}`,
    requestDigest: new Uint8Array(32),
    actor: { id: 'test', kind: 'user' },
    comment: '',
    changes: [flagEntity(key, '1')],
  });
}

function damage(path: string): void {
  const db = openFile(path);
  db.exec("UPDATE entity SET content = x'00' WHERE key = 'a'");
  db.close();
}

function watch({ path, log }: OpenLog, everyMinutes = 0): IntegrityWatch {
  const settings = { everyMinutes, firstAfterMs: 0 };
  const now = (): number => START_MS;
  const started = new IntegrityWatch({
    log,
    databasePath: path,
    settings,
    tasks: tasksInProcess,
    logger: unreadLogger,
    now,
  });
  onTestFinished(() => started.close());
  return started;
}

describe('IntegrityWatch', () => {
  it('says of a sound log up to where it was checked, and checks it again', async () => {
    const opened = openLog();
    const integrity = watch(opened);
    expect(integrity.verdict).toEqual({ kind: 'off' });
    await integrity.check();
    expect(integrity.verdict).toEqual({ kind: 'sound', checkedMs: START_MS, revision: 2 });
    write(opened.log, 'b');
    await integrity.check();
    expect(integrity.verdict).toMatchObject({ kind: 'sound', revision: 3 });
  });

  it('stops writes to a damaged log for good, and nothing else', async () => {
    const opened = openLog();
    const integrity = watch(opened);
    damage(opened.path);
    await integrity.check();
    expect(integrity.verdict).toMatchObject({ kind: 'corrupt', detail: expect.stringContaining('3/p//a') });
    expect(() => write(opened.log, 'b')).toThrow(
      expect.objectContaining({
        reason: 'LOG_CORRUPT',
        message: expect.stringContaining('the log is damaged'),
      }),
    );
    expect(opened.log.store.readLog(0, 10)).toHaveLength(2);
    await integrity.check();
    expect(integrity.verdict.kind).toBe('corrupt');
  });

  it('checks soon after the start and then each period, until the log is damaged', async () => {
    const opened = openLog();
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const integrity = watch(opened, 1);
    expect(integrity.verdict).toEqual({ kind: 'pending' });
    await vi.advanceTimersByTimeAsync(0);
    expect(integrity.verdict).toMatchObject({ kind: 'sound', revision: 2 });
    write(opened.log, 'b');
    await vi.advanceTimersByTimeAsync(MINUTE_MS - 1);
    expect(integrity.verdict).toMatchObject({ revision: 2 });
    await vi.advanceTimersByTimeAsync(1);
    expect(integrity.verdict).toMatchObject({ revision: 3 });
    damage(opened.path);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(integrity.verdict.kind).toBe('corrupt');
    const run = vi.spyOn(tasksInProcess, 'run');
    onTestFinished(() => run.mockRestore());
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(run).not.toHaveBeenCalled();
  });

  it('takes a check that could not be carried out for no verdict on the log', async () => {
    const opened = openLog();
    const elsewhere = watch({ ...opened, path: join(opened.path, 'none') });
    await elsewhere.check();
    expect(elsewhere.verdict).toMatchObject({ kind: 'unknown', detail: expect.stringContaining('no file') });
    expect(write(opened.log, 'b').revision).toBe(3);
  });
});

describe('BackupSchedule', () => {
  function schedule(
    { path }: OpenLog,
    dir: string,
    clock: { nowMs: number },
    everyMinutes = 60,
  ): BackupSchedule & { damaged?: true } {
    const started: BackupSchedule & { damaged?: true } = new BackupSchedule({
      databasePath: path,
      settings: { dir, everyMinutes, keep: 2 },
      tasks: tasksInProcess,
      logger: unreadLogger,
      now: () => clock.nowMs,
      onDamage: () => {
        started.damaged = true;
      },
    });
    onTestFinished(() => started.close());
    return started;
  }

  it('keeps the newest backups, leaves other files alone, and finds its own after a restart', async () => {
    const opened = openLog();
    const dir = join(tempFolder(), 'backups');
    mkdirSync(dir);
    for (const name of ['mine.db', '.unfinished-mine.db', '.unfinished-flagstream-20250102T030405Z.db'])
      writeFileSync(join(dir, name), 'x');
    const clock = { nowMs: START_MS };
    const first = schedule(opened, dir, clock);
    expect(first.state().last).toBeUndefined();
    for (let hour = 0; hour < 3; hour++) {
      await first.backUp();
      clock.nowMs += HOUR_MS;
    }
    expect(readdirSync(dir).sort()).toEqual([
      '.unfinished-mine.db',
      'flagstream-20260102T040405Z.db',
      'flagstream-20260102T050405Z.db',
      'mine.db',
    ]);
    expect(first.state()).toMatchObject({ directory: dir, failures: 0, lastFailure: undefined });
    expect(schedule(opened, dir, clock).state().last).toEqual({
      path: join(dir, 'flagstream-20260102T050405Z.db'),
      madeMs: START_MS + 2 * HOUR_MS,
    });
  });

  it('keeps the newest backup also after a clock that was ahead was set back', async () => {
    const dir = tempFolder();
    const clock = { nowMs: START_MS };
    const backups = schedule(openLog(), dir, clock);
    for (const nowMs of [START_MS + 20 * HOUR_MS, START_MS + 21 * HOUR_MS, START_MS]) {
      clock.nowMs = nowMs;
      await backups.backUp();
    }
    expect(readdirSync(dir).sort()).toEqual([
      'flagstream-20260102T030405Z.db',
      'flagstream-20260103T000405Z.db',
    ]);
  });

  it('makes one each period, counted from the newest one also after a restart', async () => {
    const opened = openLog();
    const dir = tempFolder();
    const clock = { nowMs: START_MS };
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const pass = async (ms: number): Promise<void> => {
      clock.nowMs += ms;
      await vi.advanceTimersByTimeAsync(ms);
    };
    const first = schedule(opened, dir, clock, 1);
    await pass(10_000);
    expect(readdirSync(dir)).toHaveLength(1);
    await pass(MINUTE_MS / 2);
    first.close();
    schedule(opened, dir, clock, 1);
    await pass(MINUTE_MS / 2 - 5_000);
    expect(readdirSync(dir)).toHaveLength(1);
    await pass(5_000);
    expect(readdirSync(dir)).toHaveLength(2);
  });

  it('counts failures, keeps what there is, and has a damaged log looked at', async () => {
    const opened = openLog();
    const dir = tempFolder();
    const clock = { nowMs: START_MS };
    const backups = schedule(opened, dir, clock);
    await backups.backUp();
    clock.nowMs += HOUR_MS;
    damage(opened.path);
    await backups.backUp();
    expect(backups.state()).toMatchObject({
      last: { madeMs: START_MS },
      failures: 1,
      lastFailure: expect.stringContaining('3/p//a'),
    });
    expect(backups.damaged).toBe(true);
    expect(readdirSync(dir)).toEqual(['flagstream-20260102T030405Z.db']);
  });
});

describe('MaintenanceService', () => {
  class Shipping implements OperatedShipping {
    readonly taken: TakeOver[] = [];
    readonly #log: ChangeLog;

    constructor(log: ChangeLog) {
      this.#log = log;
    }

    state(): ReturnType<OperatedShipping['state']> {
      return { phase: 'forked', pending: 2, oldestPendingMs: START_MS };
    }

    takeOver(by: TakeOver): Promise<Position> {
      this.taken.push(by);
      return Promise.resolve(this.#log.beginEpoch(2, by.comment, by));
    }
  }

  async function serve(opened: OpenLog, shipping?: OperatedShipping, integrity = watch(opened)) {
    const host = new GrpcHost({
      name: 'test',
      logger: unreadLogger,
      metrics: new Metrics(),
      health: new HealthState(),
      authenticate: loopbackPrincipal({ project: 'default', environment: 'development' }),
      services: [maintenanceService({ log: opened.log, shipping, integrity, backups: undefined })],
      reflection: false,
      maxRequestBytes: 65_536,
    });
    const { port } = await host.listen({ host: '127.0.0.1', port: 0 });
    const client = new MaintenanceServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
    onTestFinished(async () => {
      client.close();
      await host.drain(0);
    });
    return client;
  }

  const reseed = (fields: object): ReseedLogRequest => ReseedLogRequest.fromJSON(fields);

  it('tells how the log is', async () => {
    const opened = openLog();
    const shipping = new Shipping(opened.log);
    opened.log.store.noteShippedEpoch(1);
    opened.log.refuseWrites('another writer');
    const client = await serve(opened, shipping);
    const status = await call(client, client.getLogStatus, {});
    expect(status).toMatchObject({
      head: { epoch: 1, revision: 2n },
      lineage: [{ epoch: 1, baseRevision: 0n, reason: 'new log' }],
      writesRefused: 'another writer',
      restored: false,
      shipping: { phase: 'forked', unshipped: 2n, shippedEpoch: 1 },
      integrity: { state: LogIntegrity_State.OFF },
      backups: { directory: '', failures: 0n },
    });
    expect(GetLogStatusResponse.toJSON(status)).toMatchObject({
      shipping: { oldestUnshippedTime: new Date(START_MS).toISOString() },
    });
  });

  it('begins a new epoch when a person says so, with who and why', async () => {
    const opened = openLog();
    const shipping = new Shipping(opened.log);
    const client = await serve(opened, shipping);
    const answer = await call(
      client,
      client.reseedLog,
      reseed({ takeOver: true, actor: 'alice', comment: 'a copied folder was started' }),
    );
    expect(answer.revision).toMatchObject({ epoch: 2, revision: 3n });
    expect(shipping.taken).toEqual([
      { actor: { id: 'alice', kind: 'user' }, comment: 'a copied folder was started' },
    ]);
  });

  it('refuses it without a decision, a reason, a stream or a sound log', async () => {
    const opened = openLog();
    const shipping = new Shipping(opened.log);
    const client = await serve(opened, shipping);
    const why = { comment: 'why' };
    expect(await failure(call(client, client.reseedLog, reseed(why)))).toMatchObject({
      reason: 'INVALID_FIELD',
      fields: [{ field: 'take_over' }],
    });
    expect(
      await failure(call(client, client.reseedLog, reseed({ takeOver: true, comment: ' ' }))),
    ).toMatchObject({ reason: 'INVALID_FIELD', fields: [{ field: 'comment' }] });
    const alone = await serve(opened);
    expect(await failure(call(alone, alone.reseedLog, reseed({ takeOver: true, ...why })))).toMatchObject({
      reason: 'NOT_SHIPPING',
    });
    const integrity = watch(opened);
    damage(opened.path);
    await integrity.check();
    const damaged = await serve(opened, shipping, integrity);
    expect(await failure(call(damaged, damaged.reseedLog, reseed({ takeOver: true, ...why })))).toMatchObject(
      {
        reason: 'LOG_CORRUPT',
      },
    );
    expect(shipping.taken).toEqual([]);
    expect(opened.log.head().epoch).toBe(1);
  });
});
