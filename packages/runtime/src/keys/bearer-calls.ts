/** Calls that show an API key. */
import { headerToken, invalidField } from '@flagstream/protocol';
import { type ClientOptions, InterceptingCall } from '@grpc/grpc-js';

/**
 * Options of a grpc-js client: each of its calls carries the key, or what the
 * function answers then. Without a key nothing is added.
 * @throws FlagstreamError INVALID_FIELD, also from a call, for a key that no header can carry
 */
export function bearerCalls(
  key: string | (() => string | undefined) | undefined,
): Pick<ClientOptions, 'interceptors'> {
  if (key === undefined || key === '') return {};
  const fixed = typeof key === 'string' ? sendable(key) : undefined;
  const current = typeof key === 'string' ? () => fixed : key;
  return {
    interceptors: [
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), {
          start: (metadata, listener, next) => {
            const shown = current();
            if (shown !== undefined) metadata.set('authorization', `Bearer ${sendable(shown)}`);
            next(metadata, listener);
          },
        }),
    ],
  };
}

/** grpc-js names a value that it refuses; this does not. */
function sendable(key: string): string {
  const token = headerToken(key);
  if (token === undefined) throw invalidField('key', 'must be printable ASCII without spaces');
  return token;
}
