// A slow line is not a dead one: a record that takes longer to arrive than a dead peer is given arrives all the
// same, over the stream that there is.

import { controlPlaneConfigSchema, startControlPlane } from '@flagstream/control-plane';
import { WatchLogSource } from '@flagstream/evaluator';
import { LIMITS } from '@flagstream/protocol';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Admin } from '../support/admin.ts';
import { freePort } from '../support/free-port.ts';
import { hold } from '../support/resources.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { HeardLog } from '../transport/heard-log.ts';

const RECORD_BYTES = 240_000;
const DEAD_AFTER_MS = LIMITS.beaconMs * LIMITS.heartbeatsMissedMax;
/** The record takes a quarter longer than that. */
const BYTES_PER_SECOND = (RECORD_BYTES / (1.25 * DEAD_AFTER_MS)) * 1_000;

test('WatchLog brings a large record over a slow line without being opened anew', async () => {
  const grpcPort = await freePort();
  const config = { data: tempDir('slow-line'), grpcPort, managementPort: 0, drainGraceMs: 500 };
  const running = await startControlPlane(controlPlaneConfigSchema.parse(config), { logger: unreadLogger });
  hold({ what: 'control plane', release: () => running.close(), releaseNow: () => undefined });
  const admin = new Admin(grpcPort);
  await admin.createBoolean('a');

  const proxy = await TcpProxy.start(grpcPort);
  const client = new LogServiceClient(proxy.address, credentials.createInsecure());
  hold({ what: 'log client', release: async () => client.close(), releaseNow: () => client.close() });
  const heard = new HeardLog();
  heard.open(new WatchLogSource(client, Math.random));
  await until(() => heard.revision === running.head().revision, { what: 'the head' });

  proxy.set({ kind: 'slow', bytesPerSecond: BYTES_PER_SECOND });
  const { revision } = await admin.describe('a', 'x'.repeat(RECORD_BYTES));
  await until(() => heard.revision === revision, { what: 'the large record', timeoutMs: 60_000 });
  expect(heard.statuses).toEqual(['live']);
  expect(proxy.traffic.accepted).toBe(1);
});
