/** Waiting on behalf of a stream: for its reader, or for something to send. */
import type { Writable } from 'node:stream';

/** Resolves once the stream takes more; false when its call is over. */
export async function ready(
  stream: Pick<Writable, 'writableNeedDrain' | 'once' | 'off'>,
  signal: AbortSignal,
): Promise<boolean> {
  if (!signal.aborted && stream.writableNeedDrain) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        stream.off('drain', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      stream.once('drain', done);
      signal.addEventListener('abort', done);
    });
  }
  return !signal.aborted;
}

/**
 * Resolves when woken, after a time, or when the call is over.
 * @param listen registers the wake-up and answers how to take it back
 */
export function sleepUntil(
  listen: (wake: () => void) => () => void,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    const stop = listen(done);
    signal.addEventListener('abort', done);
  });
}
