// What thousands of Sync streams cost an evaluator, at rest and at each change, and how soon it is there again.

import { runNodeKill } from '../../load/node-kill.ts';
import { releaseAll } from '../../support/resources.ts';
import type { SuiteReport } from '../report.ts';
import { cpuTimeMissing } from '../unary/cpu-time.ts';
import { measureColdStart } from './cold-start.ts';
import { crowdPlots, growthTable, memoryTable, pushTable } from './crowd-tables.ts';
import { type CrowdFigures, changesOf, measureCrowds } from './crowds.ts';
import { peerPushTable } from './peer-pushes.ts';
import { type PushingServer, startEvaluator, startFloor } from './pushing-servers.ts';
import { type StreamSizes, streamSizes } from './sizes.ts';

const FEW_FLAGS = 10;
const CONNECTS_PER_SECOND = 400;

interface Crowds {
  readonly crowds: readonly number[];
  start(): Promise<PushingServer>;
}

export async function runStreamsSuite(): Promise<readonly SuiteReport[]> {
  const missing = cpuTimeMissing();
  if (missing !== undefined)
    return [{ name: 'streams', title: 'Streams', notes: [], columns: [], rows: [], notRun: missing }];
  const sizes = streamSizes();
  const midFlags = Math.ceil(sizes.flags / 10);
  const figures: CrowdFigures[] = [];
  for (const { crowds, start } of crowdsOf(sizes, midFlags)) {
    figures.push(...(await measureCrowds(await start(), crowds, sizes.rounds)));
    // The next server has the machine for itself.
    await releaseAll();
  }
  const peers = await peerPushTable(figures, midFlags);
  await releaseAll();
  const coldStart = await measureColdStart(sizes);
  await releaseAll();
  return [
    memoryTable(figures),
    pushTable(figures, midFlags),
    { ...growthTable(figures), plots: crowdPlots(figures) },
    peers,
    coldStart,
    await nodeKill(sizes.clients),
  ];
}

function crowdsOf({ clients, flags, rounds }: StreamSizes, midFlags: number): readonly Crowds[] {
  const [tenth, half] = [Math.ceil(clients / 10), Math.ceil(clients / 2)];
  const floor = [tenth, clients];
  return [
    { crowds: floor, start: () => startFloor(FEW_FLAGS, changesOf(floor.length, rounds)) },
    { crowds: [tenth, half, clients], start: () => startEvaluator('plaintext', FEW_FLAGS) },
    { crowds: [tenth, clients], start: () => startEvaluator('TLS', FEW_FLAGS) },
    { crowds: [tenth], start: () => startEvaluator('plaintext', midFlags) },
    { crowds: [tenth, clients], start: () => startEvaluator('plaintext', flags) },
  ];
}

async function nodeKill(clients: number): Promise<SuiteReport> {
  const { title, figures, aims, broken } = await runNodeKill({
    clients,
    perSecond: CONNECTS_PER_SECOND,
    signal: 'SIGKILL',
  });
  if (broken.length > 0) throw new Error(broken.join('; '));
  return {
    name: 'node-kill',
    title,
    notes: aims.map(
      ({ what, aimed, measured, met }) => `${what}: ${measured}, aim ${aimed}: ${met ? 'met' : 'not met'}.`,
    ),
    columns: [
      { key: 'what', title: '' },
      { key: 'value', title: '' },
    ],
    rows: figures.map(({ what, value }) => ({ what, value })),
  };
}
