/** Which later epoch a log is compared with, where NATS holds streams of several. Pure. */
import type { StreamView } from './ship-frames.ts';

/**
 * The first stream that was ever written to, of those of later epochs, lowest first. One that never was
 * stands for itself only where no other is: a later epoch may hold what was written after it.
 */
export function nextStream<S extends StreamView>(later: readonly S[]): S | undefined {
  return later.find(({ lastSeq }) => lastSeq > 0) ?? later[0];
}
