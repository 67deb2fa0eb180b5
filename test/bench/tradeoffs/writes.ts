// What a write costs, by how it is kept: fsync at each commit or not, answered after the commit or after NATS
// has it too; and how much a lost disk would take.

import { Admin } from '../../support/admin.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { scrape } from '../../support/scrape.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { newPrefix, startControlPlane } from './nodes.ts';

interface Keeping {
  readonly name: string;
  readonly settings: readonly string[];
  readonly processLost: string;
  readonly powerLost: string;
}

const KEEPING: readonly Keeping[] = [
  { name: 'synchronous FULL, write_ack local', settings: [], processLost: 'nothing', powerLost: 'nothing' },
  {
    name: 'synchronous NORMAL, write_ack local',
    settings: ['--store-synchronous=normal'],
    processLost: 'nothing',
    powerLost: 'what the system had not written yet',
  },
  {
    name: 'synchronous FULL, write_ack shipped',
    settings: ['--write-ack=shipped'],
    processLost: 'nothing',
    powerLost: 'nothing',
  },
];
const FLAG_KEY = 'measured';
const WARM_UP = 100;
const CHANGES = 600;
/** Looks at what is not shipped yet, while changes are written one after the other. */
const LOOK_EVERY = 10;

export async function measureWrites(nats: NatsServer): Promise<SuiteReport> {
  const rows: Row[] = [];
  for (const keeping of KEEPING) rows.push(await measureKeeping(nats, keeping));
  return {
    name: 'writes',
    title: 'Trade-offs: how a write is kept',
    notes: [
      `One flag switched ${CHANGES} times, one write after the other, over gRPC; control plane and nats-server are processes of their own.`,
      'Not shipped: age of the oldest committed record that was not known to be in NATS, looked at after every tenth write; it is what would go with the control plane’s disk.',
    ],
    columns: [
      { key: 'name', title: 'kept' },
      { key: 'p50', title: 'answered, ms p50', digits: 2 },
      { key: 'p99', title: 'p99', digits: 2 },
      { key: 'cpuUs', title: 'CPU of the control plane, us per write' },
      { key: 'unshippedMs', title: 'not shipped, ms p99', digits: 1 },
      { key: 'processLost', title: 'kill -9 loses' },
      { key: 'powerLost', title: 'power loss loses' },
    ],
    rows,
  };
}

async function measureKeeping(nats: NatsServer, keeping: Keeping): Promise<Row> {
  const place = { natsUrl: nats.url, prefix: newPrefix() };
  const controlPlane = await startControlPlane(place, tempDir('tradeoffs'), keeping.settings);
  const admin = new Admin(controlPlane.grpcPort);
  await admin.createBoolean(FLAG_KEY);
  for (let turn = 0; turn < WARM_UP; turn++) await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
  const answeredMs: number[] = [];
  const unshippedMs: number[] = [];
  const cpuBefore = cpuNs(controlPlane.process.pid!);
  for (let turn = 0; turn < CHANGES; turn++) {
    const sentMs = performance.now();
    await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
    answeredMs.push(performance.now() - sentMs);
    if (turn % LOOK_EVERY === 0)
      unshippedMs.push(1000 * (await scrape(controlPlane.managementPort, 'flagstream_unshipped_seconds')));
  }
  const cpuUs = (cpuNs(controlPlane.process.pid!) - cpuBefore) / 1000 / CHANGES;
  await controlPlane.process.stop();
  return {
    name: keeping.name,
    p50: percentile(answeredMs, 0.5),
    p99: percentile(answeredMs, 0.99),
    cpuUs,
    unshippedMs: percentile(unshippedMs, 0.99),
    processLost: keeping.processLost,
    powerLost: keeping.powerLost,
  };
}
