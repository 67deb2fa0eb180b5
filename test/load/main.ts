// `make load`: many clients of real processes on this machine's loopback. ARGS chooses scenarios and makes them smaller:
// "push node-kill --clients 1000 --per-second 200 --seconds 10". Fails when a promise does not hold; speeds are told as
// met or not. "many" runs by name alone.
// Runs at full size are kept as test/results/load.md, load-steps.md and load-many.md.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { LIMITS } from '@flagstream/protocol';
import { calibrate } from '../bench/machine.ts';
import { releaseAll } from '../support/resources.ts';
import { runLaggards } from './laggards.ts';
import { loadMarkdown } from './load-report.ts';
import { runNodeKill } from './node-kill.ts';
import { runPaused } from './paused.ts';
import { runPush } from './push.ts';
import type { ScenarioResult } from './scenario.ts';
import { runSteps } from './steps.ts';

interface Sizes {
  readonly clients: number;
  /** Clients that connect, while a scenario is set up. */
  readonly perSecond: number;
  /** Of one step of load. */
  readonly seconds: number;
}

const FULL: Sizes = { clients: 10_000, perSecond: 500, seconds: 60 };
const MANY_CLIENTS = 38_000;
/** They also answer pings while others come, and all of it on the cores of one machine: that is what they have. */
const MANY_PER_SECOND = 200;
const MANY_HEARTBEAT_MS = LIMITS.heartbeatMsMax;
const SCENARIOS: Readonly<Record<string, (sizes: Sizes) => Promise<ScenarioResult>>> = {
  push: ({ clients, perSecond }) => runPush({ clients, perSecond, evaluators: 1, changes: 7 }),
  laggards: ({ clients, perSecond }) => runLaggards({ clients, perSecond, frozen: 7 }),
  paused: ({ clients, perSecond }) =>
    runPaused({ paused: Math.min(1_000, clients), readers: 100, changes: 2_000, perSecond }),
  'node-kill': ({ clients, perSecond }) => runNodeKill({ clients, perSecond, signal: 'SIGKILL' }),
  drain: ({ clients, perSecond }) => runNodeKill({ clients, perSecond, signal: 'SIGTERM' }),
  steps: ({ clients, perSecond, seconds }) => runSteps({ clients, perSecond, stepMs: seconds * 1_000 }),
  many: ({ clients, perSecond }) =>
    runPush({
      clients: clients === FULL.clients ? MANY_CLIENTS : clients,
      perSecond: Math.min(perSecond, MANY_PER_SECOND),
      evaluators: 2,
      changes: 5,
      heartbeatMs: MANY_HEARTBEAT_MS,
    }),
};
const BY_NAME_ALONE = 'many';
/** More than one machine's loopback and files hold, or than anybody waits for. */
const PER_SECOND_MAX = 10_000;
const SECONDS_MAX = 600;
/** Runs at full size, by their arguments. */
const KEPT: Readonly<Record<string, string>> = {
  '': 'load.md',
  steps: 'load-steps.md',
  [BY_NAME_ALONE]: 'load-many.md',
};
const RESULTS: string = path.resolve(import.meta.dirname, '..', 'results');
/** Longer than this and something hangs. */
const RUN_MAX_MS = 2_700_000;

process.env['FLAGSTREAM_TEST_BUILT'] = '1';

const { values, positionals } = readArguments();
const unknown = positionals.filter((name) => SCENARIOS[name] === undefined);
if (unknown.length > 0)
  refuse(`there is no scenario ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
const sizes: Sizes = {
  clients: sizeFrom('clients', FULL.clients, MANY_CLIENTS),
  perSecond: sizeFrom('per-second', FULL.perSecond, PER_SECOND_MAX),
  seconds: sizeFrom('seconds', FULL.seconds, SECONDS_MAX),
};
const chosen =
  positionals.length > 0 ? positionals : Object.keys(SCENARIOS).filter((name) => name !== BY_NAME_ALONE);
const stop = (why: string): void => {
  process.stderr.write(`${why}\n`);
  // What is still open goes with the process (test/support/resources.ts).
  process.exit(1);
};
setTimeout(() => stop(`the load took longer than ${RUN_MAX_MS / 1_000} s`), RUN_MAX_MS).unref();
process.once('SIGINT', () => stop('interrupted'));
process.once('SIGTERM', () => stop('terminated'));

const calibrationMs = [calibrate()];
const results: ScenarioResult[] = [];
for (const name of chosen) {
  process.stderr.write(`${name} ...\n`);
  results.push(await run(name));
  // The next scenario has the machine for itself.
  await releaseAll();
  calibrationMs.push(calibrate());
}
const markdown = loadMarkdown(results, {
  command: `make load${process.argv.length > 2 ? ` ARGS="${process.argv.slice(2).join(' ')}"` : ''}`,
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  date: new Date().toISOString().slice(0, 10),
  calibrationMs,
});
process.stdout.write(`\n${markdown}`);
const kept = KEPT[process.argv.slice(2).join(' ')];
if (kept !== undefined) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, kept), markdown);
}
process.exit(results.some(({ broken }) => broken.length > 0) ? 1 : 0);

/** What ends a scenario is a promise that did not hold: a client that never came, a rollout that never said so. */
async function run(name: string): Promise<ScenarioResult> {
  try {
    return await SCENARIOS[name]!(sizes);
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    return { name, title: name, figures: [], aims: [], broken: [(error as Error).message] };
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { clients: { type: 'string' }, 'per-second': { type: 'string' }, seconds: { type: 'string' } },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function sizeFrom(option: keyof typeof values, full: number, most: number): number {
  const given = values[option];
  if (given === undefined) return full;
  const size = Number(given);
  return Number.isInteger(size) && size >= 1 && size <= most
    ? size
    : refuse(`--${option} must be a whole number from 1 to ${most}, not ${given}`);
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
