/** Calls that show an API key. */
import { type ClientOptions, InterceptingCall } from '@grpc/grpc-js';

/** Options of a grpc-js client: each of its calls carries the key. Without one, nothing is added. */
export function bearerCalls(key: string | undefined): Pick<ClientOptions, 'interceptors'> {
  if (key === undefined || key === '') return {};
  return {
    interceptors: [
      (options, nextCall) =>
        new InterceptingCall(nextCall(options), {
          start: (metadata, listener, next) => {
            metadata.set('authorization', `Bearer ${key}`);
            next(metadata, listener);
          },
        }),
    ],
  };
}
