/**
 * One seed: a cluster starts, is used, is harmed again and again, is repaired,
 * has time, and is judged.
 */

import type { Position } from '@flagstream/replica';
import { Violation } from './checkers/checker.ts';
import { Cluster } from './cluster.ts';
import { crashes } from './faults/crashes.ts';
import type { Fault } from './faults/fault.ts';
import { logFaults } from './faults/log-faults.ts';
import { natsFaults } from './faults/nats-faults.ts';
import { networkFaults } from './faults/network-faults.ts';
import {
  arrivedWithoutNats,
  holders,
  isCalm,
  isConfirmed,
  isKnown,
  isSettled,
  judge,
  judgeCalm,
  judgeConfirmed,
} from './judgement.ts';
import { STRAY_MS_MAX } from './nodes/evaluator-reports.ts';
import { Workload } from './workload.ts';
import { World } from './world/world.ts';

export interface SeedResult {
  readonly seed: number;
  readonly events: number;
  readonly traceHash: string;
  /** Names of the faults that were injected. */
  readonly faults: readonly string[];
  readonly commits: number;
  readonly violation: { readonly promise: string; readonly message: string } | undefined;
  readonly transitions: ReadonlyMap<string, number>;
  readonly tail: readonly string[];
}

const CATALOGUE: readonly Fault[] = [...crashes, ...networkFaults, ...natsFaults, ...logFaults];
const FAULTS = { min: 5, max: 9 } as const;
/** The cluster may settle before anything goes wrong. */
const CALM_MS = 1_500;
/** Short worlds have their faults at once, in long ones things recover between them. */
const HARM_MS = { min: 3_000, max: 11_000 } as const;
const FAULT_LASTS_MS = { min: 200, max: 8_000 } as const;
/** Everybody may hear of changes once more after the repairs. */
const LAST_WRITES_MS = 1_000;
/** Longest back-off of a client and of a follower, one after the other, and some more. */
const QUIET_MS = 75_000;
const LOOK_EVERY_MS = 500;
/** Worlds in which NATS stays away once more when everything else is repaired. */
const WITHOUT_NATS_SHARE = 0.15;
/** Its loss is noticed, the other source is chosen and opened, a snapshot may be fetched, and some more. */
const WITHOUT_NATS_MS = 40_000;
const WRITE_WITHOUT_NATS_MS = 5_000;
/** Worlds that go on until everybody's bound of staleness is proven. */
const CALM_SHARE = 0.1;
const PROOF_MS = 30_000;
/** A dead stream is noticed, its client is asked for and found, twice over; a silent node is lost and back. */
const CONFIRM_MS = 45_000;
/** Worlds in which an evaluator dies once more when all is well, and its clients move. */
const NODE_LOSS_SHARE = 0.25;
/** Every client is in a report that was heard. */
const REPORTED_MS = 12_000;
/** The node is taken for lost, clients wait for their turn, and some more. */
const MOVED_MS = 60_000;
const PASSING_WRITES = 40;
const PASSING_MS = 3_000;
const TAIL_LINES = 60;

export async function runSeed(seed: number, print?: (line: string) => void): Promise<SeedResult> {
  const world = new World({ seed, ...(print === undefined ? {} : { print }) });
  const cluster = new Cluster(world);
  const faults: string[] = [];
  const violation = await attempt(() => live(cluster, faults));
  if (violation !== undefined) world.say('!!!!', `${violation.promise} is violated: ${violation.message}`);
  return {
    seed,
    events: world.events,
    traceHash: world.trace.hash,
    faults,
    commits: cluster.history.past.head?.record.revision ?? 0,
    violation,
    transitions: cluster.transitions.counts,
    tail: world.trace.tail(TAIL_LINES),
  };
}

async function live(cluster: Cluster, faults: string[]): Promise<void> {
  const { world } = cluster;
  const workload = new Workload(cluster);
  cluster.start();
  workload.start();
  const harmMs = world.random.int(HARM_MS.min, HARM_MS.max);
  const repairs = planFaults(cluster, harmMs, faults);
  await world.runUntil(CALM_MS + harmMs);
  for (const repair of repairs) repair();
  cluster.network.calm();
  world.say('----', 'everything is repaired');
  if (world.random.chance(WITHOUT_NATS_SHARE)) await withoutNats(cluster, workload);
  await world.runUntil(world.nowMs + LAST_WRITES_MS);
  workload.stop();
  workload.last();
  await settle(cluster, workload, QUIET_MS);
  // Nobody remembers what a copy wrote: who has seen it waits until the log passes it, or is started anew.
  for (let i = 0; cluster.history.copyWrote && !isSettled(cluster) && i < PASSING_WRITES; i++) {
    cluster.startLostAnew();
    workload.last();
    await settle(cluster, workload, PASSING_MS);
  }
  judge(cluster);
  // Who left with an evaluator that crashed is known by number alone: what was written meanwhile stays in doubt.
  await letPass(cluster, CONFIRM_MS, () => isKnown(cluster));
  await world.runUntil(world.nowMs + STRAY_MS_MAX);
  workload.last();
  await letPass(cluster, CONFIRM_MS, () => workload.idle && isConfirmed(cluster));
  judgeConfirmed(cluster);
  if (world.random.chance(NODE_LOSS_SHARE)) await loseNode(cluster, workload);
  if (!world.random.chance(CALM_SHARE)) return;
  await letPass(cluster, PROOF_MS, () => isCalm(cluster));
  judgeCalm(cluster);
}

/** An evaluator is gone, with its clients: they are counted where they come to, also once it is back. */
async function loseNode(cluster: Cluster, workload: Workload): Promise<void> {
  const { world, evaluators } = cluster;
  await world.runUntil(world.nowMs + REPORTED_MS);
  const lost = world.random.pick(evaluators);
  lost.crash();
  world.say('----', `${lost.name} is lost`);
  workload.last();
  await letPass(cluster, MOVED_MS, () => workload.idle && isConfirmed(cluster));
  judgeConfirmed(cluster);
  lost.start();
  await letPass(cluster, CONFIRM_MS, () => isKnown(cluster) && isConfirmed(cluster));
  judgeConfirmed(cluster);
}

async function letPass({ world }: Cluster, longestMs: number, isDone: () => boolean): Promise<void> {
  const endMs = world.nowMs + longestMs;
  while (world.nowMs < endMs && !isDone()) await world.runUntil(world.nowMs + LOOK_EVERY_MS);
}

/** NATS is gone and nothing else is: what is written now reaches everybody through the control plane. */
async function withoutNats(cluster: Cluster, workload: Workload): Promise<void> {
  const { world, nats, history } = cluster;
  nats.crash();
  let written: Position | undefined;
  workload.one((position) => {
    written = position;
  });
  const pass = async (longestMs: number, isDone: () => boolean): Promise<void> => {
    const endMs = world.nowMs + longestMs;
    while (world.nowMs < endMs && !isDone()) {
      for (const process of cluster.processes()) if (process !== nats) process.start();
      await world.runUntil(world.nowMs + LOOK_EVERY_MS);
    }
  };
  await pass(WRITE_WITHOUT_NATS_MS, () => written !== undefined);
  // A log that must see NATS first takes no writes: there is nothing that could arrive.
  if (written !== undefined) {
    const revision = written;
    await pass(WITHOUT_NATS_MS, () => arrivedWithoutNats(cluster, revision));
    history.observe({ type: 'without-nats', written, holders: holders(cluster) });
  }
  nats.start();
}

async function settle(cluster: Cluster, workload: Workload, longestMs: number): Promise<void> {
  const { world } = cluster;
  const endMs = world.nowMs + longestMs;
  while (world.nowMs < endMs && !(workload.idle && isSettled(cluster))) {
    // One that refused to start beside another one is started again.
    for (const process of cluster.processes()) process.start();
    await world.runUntil(world.nowMs + LOOK_EVERY_MS);
  }
}

/** Draws the faults of this seed; the answer repairs what is still broken. */
function planFaults(cluster: Cluster, harmMs: number, injected: string[]): Set<() => void> {
  const { world } = cluster;
  const open = new Set<() => void>();
  const count = world.random.int(FAULTS.min, FAULTS.max);
  for (let i = 0; i < count; i++)
    world.after(CALM_MS + world.random.next() * (harmMs - CALM_MS), () => strike(cluster, injected, open));
  return open;
}

function strike(cluster: Cluster, injected: string[], open: Set<() => void>): void {
  const { world } = cluster;
  const fault = draw(cluster);
  const repair = fault.inject(cluster);
  // What cannot happen now, because it has happened already, makes room for something else.
  if (repair === undefined) {
    strike(cluster, injected, open);
    return;
  }
  world.say('****', fault.name);
  injected.push(fault.name);
  const once = (): void => {
    if (!open.delete(once)) return;
    world.say('****', `repaired: ${fault.name}`);
    repair();
  };
  open.add(once);
  world.after(fault.lastsMs ?? world.random.int(FAULT_LASTS_MS.min, FAULT_LASTS_MS.max), once);
}

function draw({ world }: Cluster): Fault {
  const total = CATALOGUE.reduce((sum, { weight }) => sum + weight, 0);
  let rest = world.random.next() * total;
  for (const fault of CATALOGUE) {
    rest -= fault.weight;
    if (rest < 0) return fault;
  }
  return CATALOGUE[0]!;
}

async function attempt(run: () => Promise<void>): Promise<SeedResult['violation']> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return { promise: error.promise, message: error.message };
    // What production code throws where nothing may be thrown is a finding too.
    return {
      promise: 'no crash',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
