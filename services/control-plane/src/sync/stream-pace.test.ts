import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { ready, sleepUntil } from './stream-pace.ts';

/** A stream whose reader has not read what it holds. */
function fullStream(): PassThrough {
  const stream = new PassThrough({ highWaterMark: 1 });
  stream.write('more than fits');
  return stream;
}

/** Whether a promise is settled once everything that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('ready', () => {
  it('waits for a slow reader, and leaves no listener behind', async () => {
    const stream = fullStream();
    const waiting = ready(stream, new AbortController().signal);
    expect(await isSettled(waiting)).toBe(false);
    stream.read();
    expect(await waiting).toBe(true);
    expect(stream.listenerCount('drain')).toBe(0);
  });

  it('is false once the call is over, also while waiting', async () => {
    const call = new AbortController();
    const waiting = ready(fullStream(), call.signal);
    call.abort();
    expect(await waiting).toBe(false);
    expect(await ready(new PassThrough(), call.signal)).toBe(false);
  });
});

describe('sleepUntil', () => {
  // Other tests of the worker have timers of their own: this one's is told by its length.
  const LENGTH_MS = 987_654;

  it.each<[string, (wake: () => void, call: AbortController, due: () => void) => void]>([
    ['woken', (wake) => wake()],
    ['over', (_, call) => call.abort()],
    ['timed out', (_wake, _call, due) => due()],
  ])('ends when %s, and stops listening', async (_, end) => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    try {
      const call = new AbortController();
      const stop = vi.fn();
      let wake = (): void => undefined;
      const sleeping = sleepUntil(
        (listener) => {
          wake = listener;
          return stop;
        },
        LENGTH_MS,
        call.signal,
      );
      expect(await isSettled(sleeping)).toBe(false);
      const index = set.mock.calls.findIndex(([, ms]) => ms === LENGTH_MS);
      end(wake, call, set.mock.calls[index]![0]);
      await sleeping;
      expect(stop).toHaveBeenCalledOnce();
      expect(clear).toHaveBeenCalledWith(set.mock.results[index]!.value);
    } finally {
      vi.restoreAllMocks();
    }
  });
});
