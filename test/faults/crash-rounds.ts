// Crash points: the process ends as by `kill -9` at one named place after another, each time the next start goes on
// from what the last one left, while clients write, retry and read. A point that is never reached fails the round.

import { CRASH_POINTS, type CrashPoint } from '@flagstream/runtime';
import type { FaultNode } from './fault-node.ts';
import { FaultSite, removeFolder } from './fault-site.ts';
import { conclude, type Figures } from './figures.ts';
import { everythingShipped, hasSnapshot } from './nats-view.ts';
import { Recovery } from './recovery.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

/** How a point is reached. */
interface CrashStep {
  readonly point: CrashPoint;
  readonly by: /** Any write reaches it: the pass at which it happens is drawn. */
    | 'write'
    /**
     * A start without a crash point first, which must recover from the step before and ship everything. Then NATS
     * loses all of it, so that the next start begins a new epoch.
     */
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

interface Crashing {
  readonly site: FaultSite;
  readonly workload: Workload;
  readonly recovery: Recovery;
  /** What crashes. */
  readonly node: FaultNode;
}

/** The control plane crashes; an evaluator answers all the time. */
export async function crashControlPlane(options: CrashOptions): Promise<CrashFigures> {
  const crashing = await begin((site) => site.controlPlane);
  const { site, workload, recovery } = crashing;
  const epochsBegun = await crashes(CONTROL_PLANE_STEPS, options, crashing);
  await recovers(crashing);
  await workload.moreWrites(5);
  const { epoch } = await site.head();
  const figures = await conclude(site, workload, recovery);
  site.close();
  const problems = [...figures.problems];
  // A GENESIS that was never shipped is finished by the next start, and no further epoch begins.
  if (epoch !== 1 + epochsBegun) problems.push(`epoch ${epoch} after ${epochsBegun} lost streams`);
  return { ...figures, problems, ...counted(CONTROL_PLANE_STEPS, options) };
}

/** An evaluator crashes, with writes going on; what it answers afterwards is never older. */
export async function crashEvaluator(options: CrashOptions): Promise<CrashFigures> {
  const crashing = await begin((site) => site.evaluators[0]!.node);
  const { site, workload, recovery } = crashing;
  await crashes(EVALUATOR_STEPS, options, crashing);
  await recovers(crashing);
  await workload.moreEvaluations(5);
  const figures = await conclude(site, workload, recovery);
  site.close();
  return { ...figures, ...counted(EVALUATOR_STEPS, options) };
}

async function begin(crashes: (site: FaultSite) => FaultNode): Promise<Crashing> {
  const site = await FaultSite.start({ evaluators: 1 });
  const workload = await Workload.start(site, LIGHT);
  const node = crashes(site);
  await node.crash();
  return { site, workload, node, recovery: new Recovery(site, workload) };
}

/** A start that crashes nowhere goes on from what the last crash left. */
async function recovers({ node, recovery }: Crashing): Promise<void> {
  const recovered = recovery.healed();
  await node.start();
  await recovered;
}

/** NATS holds the log as the control plane has it, and the snapshot that a new epoch begins with. Then it is killed. */
async function everythingStands({ site, workload, node }: Crashing): Promise<void> {
  await workload.pauseWrites();
  await everythingShipped(site);
  const { epoch } = await site.head();
  if (epoch > 1) await hasSnapshot(site, epoch);
  await node.crash();
  workload.resumeWrites();
}

/** Every step in turn, `rounds` times; answers how often NATS lost its stream. */
async function crashes(
  steps: readonly CrashStep[],
  { rounds, passesMax, random }: CrashOptions,
  crashing: Crashing,
): Promise<number> {
  const { site, workload, node } = crashing;
  let lostStreams = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const { point, by } of steps) {
      const pass = by === 'write' ? 1 + Math.floor(random() * passesMax) : 1;
      if (by === 'lost-stream') {
        await recovers(crashing);
        await everythingStands(crashing);
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
