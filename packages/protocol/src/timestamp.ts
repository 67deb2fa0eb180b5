/** Unix milliseconds as protobuf has them, to the nanosecond below. */
import type { Timestamp } from './gen/google/protobuf/timestamp.ts';

export function timestampOf(unixMs: number): Timestamp {
  const seconds = Math.floor(unixMs / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((unixMs - seconds * 1000) * 1_000_000) };
}

/** The other way; parts of a millisecond are cut off. */
export function unixMsOf({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + Math.floor(nanos / 1_000_000);
}

/** An end that need not be there: Infinity then. */
export function endMsOf(time: Timestamp | undefined): number {
  return time === undefined ? Number.POSITIVE_INFINITY : unixMsOf(time);
}
