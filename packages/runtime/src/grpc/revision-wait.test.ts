import { type ErrorReason, type FlagstreamError, LIMITS } from '@flagstream/protocol';
import type { EpochBase, HeldLog } from '@flagstream/replica';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RevisionWait, type WaitOutcome } from './revision-wait.ts';

const STARTED_MS = 1_800_000_000_000;
const HASH = Buffer.alloc(32, 7);

const base = (epoch: number, baseRevision: number): EpochBase => ({
  epoch,
  baseRevision,
  baseHash: HASH,
  startedMs: 0,
  reason: '',
});

interface Asked {
  readonly allowStale?: boolean;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

type Ending = Promise<WaitOutcome | ErrorReason> | undefined;

/** A caller that stays. */
const staying = (): AbortSignal => new AbortController().signal;

/** A log whose head a test moves. */
class Bench {
  held: HeldLog = {
    position: { epoch: 1, revision: 3, hash: HASH },
    lineage: [base(1, 0)],
    hashAt: () => undefined,
  };
  readonly wait = new RevisionWait(() => this.held, WAITERS_MAX);

  moveTo(epoch: number, revision: number, lineage: readonly EpochBase[] = this.held.lineage): void {
    this.held = { ...this.held, position: { epoch, revision, hash: HASH }, lineage };
    this.wait.moved();
  }

  /** How the wait ends: its outcome, or the reason of its error. */
  until(revision: number, { allowStale = false, deadlineMs, signal = staying() }: Asked = {}): Ending {
    const wanted = { epoch: 1, revision: BigInt(revision), hash: Buffer.alloc(0) };
    const waiting = this.wait.until(wanted, { signal, deadlineMs }, allowStale);
    return waiting?.catch((error: FlagstreamError) => error.reason);
  }
}

const BOUND_MS = LIMITS.minRevisionWaitMs;
/** Fewer than the default: timers that are not real are slow in great numbers. */
const WAITERS_MAX = 5;

beforeEach(() => {
  vi.useFakeTimers({ now: STARTED_MS, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a wait for a revision', () => {
  it('is none where nothing is asked for, or where it is there', () => {
    const bench = new Bench();
    const call = { signal: staying(), deadlineMs: undefined };
    expect(bench.wait.until(undefined, call, false)).toBeUndefined();
    expect(bench.until(3)).toBeUndefined();
    expect(bench.wait.waiting).toBe(0);
  });

  it('ends with the revision, and not before it', async () => {
    const bench = new Bench();
    const [five, six] = [bench.until(5), bench.until(6)];
    bench.moveTo(1, 4);
    expect(bench.wait.waiting).toBe(2);
    bench.moveTo(1, 5);
    expect(await five).toBe('reached');
    expect(bench.wait.waiting).toBe(1);
    bench.moveTo(1, 9);
    expect(await six).toBe('reached');
    expect(bench.wait.waiting).toBe(0);
  });

  it.each([
    ['an error', false, 'REVISION_NOT_REACHED'],
    ['an older answer, where it is allowed', true, 'below'],
  ])('ends at the bound with %s', async (_, allowStale, end) => {
    const bench = new Bench();
    const waiting = bench.until(4, { allowStale });
    vi.advanceTimersByTime(BOUND_MS - 1);
    expect(bench.wait.waiting).toBe(1);
    vi.advanceTimersByTime(1);
    expect(bench.wait.waiting).toBe(0);
    expect(await waiting).toBe(end);
  });

  it("ends before the caller's deadline, so that the answer still arrives", async () => {
    const bench = new Bench();
    const waiting = bench.until(4, { allowStale: true, deadlineMs: STARTED_MS + 100 });
    vi.advanceTimersByTime(89);
    expect(bench.wait.waiting).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await waiting).toBe('below');
    const late = bench.until(4, { deadlineMs: STARTED_MS - 1 });
    vi.advanceTimersByTime(0);
    expect(await late).toBe('REVISION_NOT_REACHED');
  });

  it('is no longer than the bound where the deadline is far', () => {
    const bench = new Bench();
    void bench.until(4, { deadlineMs: STARTED_MS + 60_000 });
    vi.advanceTimersByTime(BOUND_MS);
    expect(bench.wait.waiting).toBe(0);
  });

  it('ends when its caller leaves', async () => {
    const bench = new Bench();
    const caller = new AbortController();
    const waiting = bench.until(4, { signal: caller.signal });
    caller.abort();
    expect(bench.wait.waiting).toBe(0);
    expect(await waiting).toBe('REVISION_NOT_REACHED');
  });

  it('ends as forked when the log goes on without the revision', async () => {
    const bench = new Bench();
    const [withdrawn, kept] = [bench.until(5, { allowStale: true }), bench.until(4)];
    bench.moveTo(2, 6, [base(1, 0), base(2, 4)]);
    expect(await withdrawn).toBe('REVISION_FORKED');
    expect(await kept).toBe('reached');
    expect(() => bench.until(5)).toThrow(expect.objectContaining({ reason: 'REVISION_FORKED' }));
  });

  it('is refused to more than a bounded number of calls', async () => {
    const bench = new Bench();
    const waiting = Array.from({ length: WAITERS_MAX }, () => bench.until(4));
    expect(() => bench.until(4)).toThrow(
      expect.objectContaining({ reason: 'OVERLOADED', retryAfterMs: BOUND_MS }),
    );
    expect(await bench.until(4, { allowStale: true })).toBe('below');
    expect(bench.wait.waiting).toBe(WAITERS_MAX);
    bench.moveTo(1, 4);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['reached']));
    expect(bench.until(4)).toBeUndefined();
  });
});
