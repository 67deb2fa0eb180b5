// An SDK client that is looked at after each frame that it was given, over its own way of opening streams.

import { createClient, type Dial, type FlagstreamClient, systemClock } from '@flagstream/client';
import { grpcDial } from '../../packages/client/src/sync/grpc-dial.ts';
import { hold } from '../support/resources.ts';

export interface ObservedOptions {
  readonly name: string;
  readonly targets: readonly string[];
  /** After each frame, and after each stream's end. */
  readonly look?: (client: FlagstreamClient) => void;
  /** What becomes of a frame: by default it is passed on. */
  readonly frame?: (
    bytes: Uint8Array,
    pass: (bytes: Uint8Array) => void,
    send: (bytes: Uint8Array) => void,
  ) => void;
  readonly heartbeatMs?: number;
  readonly cacheDir?: string;
}

/** Delays of the SDK's clock are divided by this: its waits between attempts are meant for months of running. */
const HURRY = 20;

const overGrpc = grpcDial({
  named: { project: 'default', environment: 'development' },
  apiKey: undefined,
  tls: false,
});

export function observedClient(options: ObservedOptions): FlagstreamClient {
  const { name, targets, look, frame, heartbeatMs = 0, cacheDir } = options;
  const seen = (): void => look?.(client);
  const dial: Dial = (endpoint, listener) => {
    const stream = overGrpc(endpoint, {
      message: (bytes) => {
        if (frame === undefined) listener.message(bytes);
        else frame(bytes, listener.message, stream.send);
        seen();
      },
      ended: (error) => {
        listener.ended(error);
        seen();
      },
    });
    return stream;
  };
  const client = createClient({
    target: targets,
    instanceId: name,
    dial,
    heartbeatMs,
    clock: { ...systemClock, schedule: (delayMs, run) => systemClock.schedule(delayMs / HURRY, run) },
    ...(cacheDir === undefined ? {} : { cache: { dir: cacheDir } }),
  });
  hold({ what: name, release: () => client.close(), releaseNow: () => undefined });
  return client;
}
