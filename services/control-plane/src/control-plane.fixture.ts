/** A control plane on ports and a folder of its own, and clients to it, for one test. */

import type { FlagstreamError } from '@flagstream/protocol';
import { AdminServiceClient } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { type Client, credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { unreadLogger } from '../../../test/support/unread-logger.ts';
import { type ControlPlaneConfig, controlPlaneConfigSchema } from './config.ts';
import { type RunningControlPlane, startControlPlane } from './start.ts';
import { tempFolder } from './temp-folder.fixture.ts';

export { callKnown as call } from '../../../test/support/grpc-call.ts';

export interface TestControlPlane {
  readonly address: string;
  readonly running: RunningControlPlane;
  readonly data: string;
  readonly admin: AdminServiceClient;
  readonly log: LogServiceClient;
}

/** Starts on free ports; goes away with the running test. */
export async function controlPlane(
  settings: Partial<Record<keyof ControlPlaneConfig, unknown>> = {},
): Promise<TestControlPlane> {
  const data = typeof settings.data === 'string' ? settings.data : tempFolder();
  const config = controlPlaneConfigSchema.parse({
    grpcPort: 0,
    managementPort: 0,
    drainGraceMs: 1000,
    ...settings,
    data,
  });
  const running = await startControlPlane(config, { logger: unreadLogger });
  onTestFinished(() => running.close());
  const address = `127.0.0.1:${running.grpcPort}`;
  const admin = clientOf(AdminServiceClient, address);
  const log = clientOf(LogServiceClient, address);
  return { address, running, data, admin, log };
}

/** Until a read waits for its revision. Asked in each turn of the loop: a wait is over soon. */
export async function waiting({ running }: TestControlPlane): Promise<void> {
  while (running.waiting() === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** The error that a call fails with. */
export async function failure(attempt: Promise<unknown>): Promise<FlagstreamError> {
  return attempt.then(
    () => Promise.reject(new Error('the call did not fail')),
    (error: FlagstreamError) => error,
  );
}

/** Goes away with the running test. */
export function clientOf<C extends Client>(
  type: new (address: string, channel: ReturnType<typeof credentials.createInsecure>) => C,
  address: string,
): C {
  const client = new type(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}
