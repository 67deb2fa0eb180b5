/**
 * A request that is not a message of its method: nested deeper than a decoder
 * follows, or bytes of something else. grpc-js would answer INTERNAL, as if it
 * were the server's fault; so it travels as a value to where errors are made.
 */
import { fail, messageOf } from '@flagstream/protocol';

export class Undecodable {
  readonly error: Error;

  constructor(cause: unknown) {
    const detail = messageOf(cause);
    this.error = fail('INVALID_FIELD', `the request cannot be decoded: ${detail}`, { cause });
  }
}

/** The decoded request. @throws FlagstreamError INVALID_FIELD when it could not be decoded. */
export function decoded(request: unknown): unknown {
  if (request instanceof Undecodable) throw request.error;
  return request;
}
