// What a write costs, by how it is kept: fsync at each commit or not, answered after the commit or after NATS
// has it too; and how much a lost disk would take.

import { Admin } from '../../support/admin.ts';
import type { NatsServer } from '../../support/nats-server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { Row, SuiteReport } from '../report.ts';
import { percentile } from '../statistics.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { newPrefix, startControlPlane } from './nodes.ts';
import { type AnsweredWrite, ShipWatch } from './ship-watch.ts';

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

export async function measureWrites(nats: NatsServer): Promise<SuiteReport> {
  const rows: Row[] = [];
  for (const keeping of KEEPING) rows.push(await measureKeeping(nats, keeping));
  return {
    name: 'writes',
    title: 'Trade-offs: how a write is kept',
    notes: [
      `One flag switched ${CHANGES} times, one write after the other, over gRPC; control plane and nats-server are processes of their own.`,
      'Not shipped: from the answer of a write until the stream acknowledged its record, for every write, overheard in NATS by a connection of its own; 0 where the stream was heard first. It is what would go with the control plane’s disk.',
      'What a power loss takes with NORMAL is not measured, since it takes cutting the power: it is what SQLite’s log had not been synced of, at most what was written since the last checkpoint.',
    ],
    columns: [
      { key: 'name', title: 'kept' },
      { key: 'p50', title: 'answered, ms p50', digits: 2 },
      { key: 'p99', title: 'p99', digits: 2 },
      { key: 'cpuUs', title: 'CPU of the control plane, us per write' },
      { key: 'unshippedP50', title: 'not shipped, ms p50', digits: 2 },
      { key: 'unshippedP99', title: 'p99', digits: 2 },
      { key: 'unshippedRecords', title: 'records at most' },
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
  const ships = await ShipWatch.start(place);
  await admin.createBoolean(FLAG_KEY);
  for (let turn = 0; turn < WARM_UP; turn++) await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
  const tookMs: number[] = [];
  const writes: AnsweredWrite[] = [];
  const cpuBefore = cpuNs(controlPlane.process.pid!);
  for (let turn = 0; turn < CHANGES; turn++) {
    const sentMs = performance.now();
    const { revision } = await admin.setEnabled(FLAG_KEY, turn % 2 === 1);
    const answeredMs = performance.now();
    tookMs.push(answeredMs - sentMs);
    writes.push({ revision, answeredMs });
  }
  const cpuUs = (cpuNs(controlPlane.process.pid!) - cpuBefore) / 1000 / CHANGES;
  const unshipped = await ships.unshipped(writes);
  const unshippedMs = unshipped.map(({ ms }) => ms);
  await ships.close();
  await controlPlane.process.stop();
  return {
    name: keeping.name,
    p50: percentile(tookMs, 0.5),
    p99: percentile(tookMs, 0.99),
    cpuUs,
    unshippedP50: percentile(unshippedMs, 0.5),
    unshippedP99: percentile(unshippedMs, 0.99),
    unshippedRecords: Math.max(...unshipped.map(({ records }) => records)),
    processLost: keeping.processLost,
    powerLost: keeping.powerLost,
  };
}
