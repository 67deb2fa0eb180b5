// Crash points: the process ends as by `kill -9` at one named place after another, each time the next start goes on
// from what the last one left, while clients write, retry and read. A point that is never reached fails the round.

import { CRASH_POINTS, type CrashPoint } from '@flagstream/runtime';
import type { FaultNode } from './fault-node.ts';
import { FaultSite, removeFolder } from './fault-site.ts';
import { conclude, type Figures } from './figures.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

/** How a point is reached. */
interface CrashStep {
  readonly point: CrashPoint;
  readonly by: /** Any write reaches it: the pass at which it happens is drawn. */
    | 'write'
    /** NATS has lost everything when the process starts, so that it begins a new epoch. */
    | 'lost-stream'
    /** The start after a crash at the step before reaches it, without anything else. */
    | 'start'
    /** The orderly end of an evaluator writes a snapshot. */
    | 'stop';
}

const CONTROL_PLANE_STEPS: readonly CrashStep[] = [
  { point: 'after-validation', by: 'write' },
  { point: 'fold-before-insert', by: 'write' },
  { point: 'fold-after-insert', by: 'write' },
  { point: 'commit-before-answer', by: 'write' },
  { point: 'commit-before-ship', by: 'write' },
  { point: 'mid-ship', by: 'write' },
  { point: 'genesis-before-stream', by: 'lost-stream' },
  { point: 'stream-before-genesis', by: 'start' },
  { point: 'snapshot-before-stamp', by: 'start' },
  { point: 'genesis-before-beacon', by: 'lost-stream' },
];

const EVALUATOR_STEPS: readonly CrashStep[] = [
  { point: 'tail-half-written', by: 'write' },
  { point: 'cache-temp-written', by: 'stop' },
  { point: 'cache-before-rename', by: 'stop' },
  { point: 'cache-after-rename', by: 'stop' },
];

/** Starting processes takes the time here: little beside it. */
const LIGHT: WorkloadOptions = { writePauseMs: 100, readPauseMs: 50 };

export interface CrashFigures extends Figures {
  readonly crashes: number;
  readonly points: readonly CrashPoint[];
}

/** Points that no step goes to; none, or a point was added and nobody crashes there. */
export const UNCOVERED_POINTS: readonly CrashPoint[] = CRASH_POINTS.filter(
  (point) => ![...CONTROL_PLANE_STEPS, ...EVALUATOR_STEPS].some((step) => step.point === point),
);

export interface CrashOptions {
  readonly rounds: number;
  /** A write's pass at which the process ends: 1 to this. */
  readonly passesMax: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The control plane crashes; an evaluator answers all the time. */
export async function crashControlPlane(options: CrashOptions): Promise<CrashFigures> {
  const site = await FaultSite.start({ evaluators: 1 });
  const workload = await Workload.start(site, LIGHT);
  const { controlPlane } = site;
  await controlPlane.crash();
  const epochsBegun = await crashes(CONTROL_PLANE_STEPS, options, site, controlPlane, workload);
  await controlPlane.start();
  await workload.moreWrites(5);
  const convergeMs = await site.converged();
  const { epoch } = await site.head();
  const figures = await conclude(site, workload, { convergeMs });
  site.close();
  const problems = [...figures.problems];
  // A GENESIS that was never shipped is finished by the next start, and no further epoch begins.
  if (epoch !== 1 + epochsBegun) problems.push(`epoch ${epoch} after ${epochsBegun} lost streams`);
  return { ...figures, problems, ...counted(CONTROL_PLANE_STEPS, options) };
}

/** An evaluator crashes, with writes going on; what it answers afterwards is never older. */
export async function crashEvaluator(options: CrashOptions): Promise<CrashFigures> {
  const site = await FaultSite.start({ evaluators: 1 });
  const workload = await Workload.start(site, LIGHT);
  const { node } = site.evaluators[0]!;
  await node.crash();
  await crashes(EVALUATOR_STEPS, options, site, node, workload);
  await node.start();
  await workload.moreEvaluations(5);
  const convergeMs = await site.converged();
  const figures = await conclude(site, workload, { convergeMs });
  site.close();
  return { ...figures, ...counted(EVALUATOR_STEPS, options) };
}

/** Every step in turn, `rounds` times; answers how often NATS lost its stream. */
async function crashes(
  steps: readonly CrashStep[],
  { rounds, passesMax, random }: CrashOptions,
  site: FaultSite,
  node: FaultNode,
  workload: Workload,
): Promise<number> {
  let lostStreams = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const { point, by } of steps) {
      const pass = by === 'write' ? 1 + Math.floor(random() * passesMax) : 1;
      if (by === 'lost-stream') {
        await site.withNatsStopped(removeFolder);
        lostStreams += 1;
      }
      const env = { FLAGSTREAM_CRASH_AT: `${point}:${pass}` };
      await node.start({ env, unready: by !== 'stop' });
      if (by === 'stop') {
        await workload.moreEvaluations(2);
        node.askToStop();
      }
      const { signal } = await node.ended(`at crash point ${point}, pass ${pass}`);
      if (signal !== 'SIGKILL') throw new Error(`${node.name} ended by ${signal}, not at ${point}`);
    }
  }
  return lostStreams;
}

function counted(
  steps: readonly CrashStep[],
  { rounds }: CrashOptions,
): Pick<CrashFigures, 'crashes' | 'points'> {
  return { crashes: steps.length * rounds, points: steps.map(({ point }) => point) };
}
