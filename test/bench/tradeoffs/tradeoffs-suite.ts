// What each choice of consistency, durability and liveness costs, and what it buys.

import { startNatsServer } from '../../support/nats-server.ts';
import type { SuiteReport } from '../report.ts';
import { measureHeartbeats } from './heartbeats.ts';
import { measureReads } from './reads.ts';
import { measureRecovery } from './recovery.ts';
import { measureWrites } from './writes.ts';

export async function runTradeoffsSuite(): Promise<readonly SuiteReport[]> {
  const nats = await startNatsServer();
  return [
    await measureWrites(nats),
    await measureReads(nats),
    await measureHeartbeats(nats),
    await measureRecovery(nats),
  ];
}
