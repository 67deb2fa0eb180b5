/** Messages of streams, which many callers may each have one of: smaller than the host takes of a call. */
import { limitExceeded } from '@flagstream/protocol';

/** @throws FlagstreamError LIMIT_EXCEEDED naming what the message is */
export function boundedMessage(what: string, bytes: Buffer, limit: number): Buffer {
  if (bytes.length <= limit) return bytes;
  throw limitExceeded(what, `has ${bytes.length} bytes, the limit is ${limit}`);
}
