/** Calls that show an API key. */
import { type ClientOptions, InterceptingCall } from '@grpc/grpc-js';

/**
 * Options of a grpc-js client: each of its calls carries the key, or what the
 * function answers then. Without a key nothing is added.
 */
export function bearerCalls(
  key: string | (() => string | undefined) | undefined,
): Pick<ClientOptions, 'interceptors'> {
  if (key === undefined || key === '') return {};
  const current = typeof key === 'string' ? () => key : key;
  return {
    interceptors: [
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), {
          start: (metadata, listener, next) => {
            const shown = current();
            if (shown !== undefined) metadata.set('authorization', `Bearer ${shown}`);
            next(metadata, listener);
          },
        }),
    ],
  };
}
