// What an installation needs: from kept figures of the other suites, from what a change adds to the logs, and proven by a
// point that is predicted first and measured then. Writes deploy/sizing.md.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { LIMITS } from '@flagstream/protocol';
import { releaseAll } from '../../support/resources.ts';
import type { SuiteReport } from '../report.ts';
import { isFullSize } from '../security/sizes.ts';
import { type CrowdFigures, measureCrowds } from '../streams/crowds.ts';
import { startEvaluator } from '../streams/pushing-servers.ts';
import { streamSizes } from '../streams/sizes.ts';
import { cpuTimeMissing } from '../unary/cpu-time.ts';
import { measureHeartbeats } from './heartbeats.ts';
import { readKeptFigures } from './kept-figures.ts';
import { measureLogGrowth } from './log-growth.ts';
import {
  errorOf,
  type NodeFigures,
  type NodePoint,
  predict,
  type Rules,
  type Workload,
} from './sizing-model.ts';
import { ERROR_MAX, sizingMarkdown } from './sizing-page.ts';

/** The design question's; its average is its billion requests a day. */
const WORK: Workload = {
  streamClients: 50_000,
  flags: 10_000,
  changesPerDay: 2_000,
  evaluationsPerSecond: { average: 12_000, peak: 36_000, spike: 360_000 },
};
const RULES: Rules = {
  utilisationMax: 0.6,
  admittedPerSecond: 1_000,
  recoverySeconds: 12,
  heartbeatSeconds: LIMITS.heartbeatMs / 1_000,
};
const FEW_FLAGS = 10;
const PAGE: string = path.resolve('deploy', 'sizing.md');

export async function runSizingSuite(): Promise<SuiteReport> {
  const report = {
    name: 'sizing',
    title: 'A point that was predicted',
    notes: ['The page that these figures make is deploy/sizing.md.'],
    columns: [
      { key: 'what', title: '' },
      { key: 'predicted', title: 'predicted', digits: 1 },
      { key: 'measured', title: 'measured', digits: 1 },
      { key: 'error', title: 'error, share', digits: 2 },
      { key: 'aim', title: `aim: at most ${ERROR_MAX}` },
    ],
  };
  const missing = cpuTimeMissing();
  if (missing !== undefined) return { ...report, rows: [], notRun: missing };
  const { taken, ...kept } = readKeptFigures(path.resolve('test', 'bench', 'results'));
  const growth = await measureLogGrowth();
  await releaseAll();
  const resting = await startEvaluator('plaintext', FEW_FLAGS);
  const heartbeats = await measureHeartbeats(resting);
  await resting.close();
  await releaseAll();
  const figures: NodeFigures = { ...kept, ...growth, ...heartbeats };

  const sizes = streamSizes();
  // Beyond the largest crowd that was measured, and between the sets: 15,000 clients on 3,000 flags.
  const [clients, flags] = [Math.ceil(sizes.clients * 1.5), Math.ceil(sizes.flags * 0.3)];
  const predicted = predict(figures, clients, flags);
  const [crowd] = await measureCrowds(await startEvaluator('plaintext', flags), [clients], sizes.rounds);
  const measured = pointOf(crowd!);
  const proof = { clients, flags, predicted, measured };
  const page = sizingMarkdown({ figures, work: WORK, rules: RULES, proof, taken });
  writeFileSync(isFullSize() ? PAGE : path.join(import.meta.dirname, 'sizing.md'), page);
  const row = (what: string, key: keyof NodePoint): SuiteReport['rows'][number] => {
    const error = errorOf(predicted[key], measured[key]);
    return {
      what,
      predicted: predicted[key],
      measured: measured[key],
      error,
      aim: error <= ERROR_MAX ? 'met' : 'not met',
    };
  };
  return {
    ...report,
    title: `${clients.toLocaleString('en-US')} clients on ${flags.toLocaleString('en-US')} flags: predicted, then measured`,
    rows: [
      row('memory of the process, MiB', 'rssMib'),
      row('CPU per push, us', 'pushCpuUs'),
      row('commit to the last receipt, ms', 'lastReceiptMs'),
    ],
  };
}

function pointOf({ baseMib, rssKib, clients, pushCpuUs, receivedLast }: CrowdFigures): NodePoint {
  return { rssMib: baseMib + (rssKib * clients) / 1_024, pushCpuUs, lastReceiptMs: receivedLast };
}
