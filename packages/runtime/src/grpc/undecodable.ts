/**
 * A request that is not a message of its method: nested deeper than a decoder
 * follows, or bytes of something else. grpc-js would answer INTERNAL, as if it
 * were the server's fault; so it travels as a value to where errors are made.
 */
import { FlagstreamError, fail, messageOf } from '@flagstream/protocol';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { endWithError } from './end-stream.ts';

export class Undecodable {
  readonly error: Error;

  constructor(cause: unknown) {
    this.error =
      cause instanceof FlagstreamError
        ? cause
        : fail('INVALID_FIELD', `the request cannot be decoded: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Ends a stream whose peer sends such a message, before its handler sees it:
 * handlers of streams read messages as they come, and nobody decodes for them.
 */
export function refuseUndecodable(stream: ServerDuplexStream<unknown, unknown>): void {
  const push = stream.push.bind(stream);
  stream.push = (message: unknown): boolean => {
    if (!(message instanceof Undecodable)) return push(message);
    endWithError(stream, message.error);
    return false;
  };
}
