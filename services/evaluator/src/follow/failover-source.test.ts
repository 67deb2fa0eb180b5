import {
  type LogListener,
  type LogSource,
  type LogSubscription,
  ORIGIN,
  type Position,
} from '@flagstream/replica';
import { describe, expect, it } from 'vitest';
import { closing, testLogger } from '../evaluator.fixture.ts';
import { entity, type MemoryLog, serving, shopLog } from '../log.fixture.ts';
import { FailoverSource } from './failover-source.ts';

const SETTINGS = { unwellMs: 5_000, settledMs: 2_000 };

/** A line to a log that can be cut, and counts who is on it. */
class CutLine implements LogSource {
  readonly #log: MemoryLog;
  readonly #listeners = new Set<LogListener>();
  readonly opened: Position[] = [];
  cut = false;

  constructor(log: MemoryLog) {
    this.#log = log;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  open(after: Position, listener: LogListener): LogSubscription {
    this.opened.push(after);
    this.#listeners.add(listener);
    const passing: LogListener = {
      records: (records) => {
        if (!this.cut) listener.records(records);
      },
      head: (beacon) => {
        if (!this.cut) listener.head(beacon);
      },
      status: (status) => {
        if (!this.cut) listener.status(status);
      },
    };
    const subscription = this.#log.open(after, passing);
    return {
      close: () => {
        this.#listeners.delete(listener);
        return subscription.close();
      },
    };
  }

  sever(): void {
    for (const listener of this.#listeners) listener.status({ kind: 'down', detail: 'cut' });
    this.cut = true;
  }

  join(): void {
    this.cut = false;
    for (const listener of this.#listeners) listener.status({ kind: 'live' });
  }
}

function failover(log: MemoryLog) {
  const primary = new CutLine(log);
  const secondary = new CutLine(log);
  const bench = { nowMs: 0, heard: [] as string[], revisions: [] as number[] };
  const { logger } = testLogger();
  const monotonicMs = (): number => bench.nowMs;
  const source = new FailoverSource({ primary, secondary, monotonicMs, logger, settings: SETTINGS });
  const listener: LogListener = {
    records: (records) =>
      void bench.revisions.push(
        ...records.map((bytes) => log.records.findIndex((record) => record.bytes === bytes) + 1),
      ),
    head: () => undefined,
    status: ({ kind }) => void bench.heard.push(kind),
  };
  const open = (after: Position): LogSubscription => closing(source.open(after, listener), (s) => s.close());
  /** A second passes, in which the control plane tells its head. */
  const second = (): void => {
    bench.nowMs += 1_000;
    log.beat();
  };
  const seconds = (count: number): void => {
    for (let i = 0; i < count; i++) second();
  };
  return { primary, secondary, source, bench, open, seconds };
}

const flip = (log: MemoryLog) =>
  log.commit(entity.config('default', 'development', 'new-checkout', serving('off')));

describe('FailoverSource', () => {
  it('reads the primary alone while it is well', () => {
    const log = shopLog();
    const { source, primary, secondary, bench, open, seconds } = failover(log);
    open(ORIGIN);
    seconds(60);
    flip(log);
    expect([source.active, primary.listeners, secondary.opened.length]).toEqual(['primary', 1, 0]);
    expect([bench.heard, bench.revisions]).toEqual([['live'], [1, 2, 3, 4]]);
  });

  it('goes on over the secondary from where the primary was, and back, and loses nothing', async () => {
    const log = shopLog();
    const { source, primary, secondary, bench, open, seconds } = failover(log);
    const first = open(ORIGIN);
    primary.sever();
    bench.nowMs += SETTINGS.unwellMs;
    flip(log);
    expect(bench.revisions).toEqual([1, 2, 3]);
    // Its follower reads again, as it does when heads run ahead.
    await first.close();
    open({ epoch: 1, revision: 3, hash: log.records[2]!.hash });
    expect(source.active).toBe('secondary');
    expect(secondary.opened).toMatchObject([{ revision: 3 }]);
    expect(bench.revisions).toEqual([1, 2, 3, 4]);
    flip(log);
    expect(bench.revisions).toEqual([1, 2, 3, 4, 5]);
    primary.join();
    flip(log);
    seconds(4);
    expect([source.active, secondary.listeners]).toEqual(['primary', 0]);
    flip(log);
    expect(new Set(bench.revisions)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
    expect(bench.heard.at(-1)).toBe('live');
  });
});
