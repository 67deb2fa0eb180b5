// Runs the chosen suites and prints their figures; a run at full size is kept under test/bench/results.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { releaseAll } from '../support/resources.ts';
import { runEngineSuite } from './engine/engine-suite.ts';
import { runFlagdSuite } from './flagd/flagd-suite.ts';
import { runLatencySuite } from './latency/latency-suite.ts';
import { calibrate, describeMachine } from './machine.ts';
import { runPipelinedSuite } from './pipelined/pipelined-suite.ts';
import { type BenchReport, type SuiteReport, toMarkdown } from './report.ts';
import { runSecuritySuite } from './security/security-suite.ts';
import { isFullSize } from './security/sizes.ts';
import { runSizingSuite } from './sizing/sizing-suite.ts';
import { runStreamsSuite } from './streams/streams-suite.ts';
import { runTradeoffsSuite } from './tradeoffs/tradeoffs-suite.ts';
import { runUnarySuite } from './unary/unary-suite.ts';

const SUITES: Readonly<Record<string, () => Promise<readonly SuiteReport[]>>> = {
  engine: runEngineSuite,
  unary: async () => [await runUnarySuite()],
  flagd: runFlagdSuite,
  pipelined: async () => [await runPipelinedSuite()],
  latency: async () => [await runLatencySuite()],
  tradeoffs: runTradeoffsSuite,
  security: runSecuritySuite,
  streams: runStreamsSuite,
  sizing: async () => [await runSizingSuite()],
};
/** main.ts runs the benchmark in the workspace's folder. */
const RESULTS: string = path.resolve('test', 'bench', 'results');
/** Longer than this and something hangs. */
const RUN_MAX_MS = 5_400_000;

/** The real processes of the suites are the built ones (test/support/flagstream.ts). */
process.env['FLAGSTREAM_TEST_BUILT'] = '1';

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => SUITES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `there is no suite ${unknown.join(', ')}; there are ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exit(2);
}
const stop = (why: string): void => {
  process.stderr.write(`${why}\n`);
  // What is still open goes with the process (test/support/resources.ts).
  process.exit(1);
};
setTimeout(() => stop(`the benchmark took longer than ${RUN_MAX_MS / 1000} s`), RUN_MAX_MS).unref();
process.once('SIGINT', () => stop('interrupted'));
process.once('SIGTERM', () => stop('terminated'));

try {
  const report = await run(chosen.length > 0 ? chosen : Object.keys(SUITES));
  const markdown = toMarkdown(report);
  process.stdout.write(`\n${markdown}`);
  if (isFullSize()) keep(report, markdown);
  else keepPlots(report, import.meta.dirname);
} finally {
  await releaseAll();
}
// Client libraries keep timers of their own; everything of ours is closed.
process.exit();

function keep(report: BenchReport, markdown: string): void {
  const name = [report.date, `node${report.machine.node.split('.')[0]}`, ...chosen].join('-');
  mkdirSync(RESULTS, { recursive: true });
  const withoutPlots = report.suites.map((suite) => ({ ...suite, plots: undefined }));
  const kept = { ...report, suites: withoutPlots };
  writeFileSync(path.join(RESULTS, `${name}.json`), `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(path.join(RESULTS, `${name}.md`), markdown);
  process.stderr.write(`kept as test/bench/results/${name}.json and .md\n`);
  keepPlots(report, RESULTS);
}

function keepPlots({ date, machine, suites }: BenchReport, folder: string): void {
  for (const { file, svg } of suites.flatMap(({ plots = [] }) => plots)) {
    const name = `${date}-node${machine.node.split('.')[0]}-${file}.svg`;
    writeFileSync(path.join(folder, name), svg);
    process.stderr.write(`drawn: ${path.relative(process.cwd(), path.join(folder, name))}\n`);
  }
}

async function run(names: readonly string[]): Promise<BenchReport> {
  const calibrationMs = [calibrate()];
  const suites: SuiteReport[] = [];
  for (const name of names) {
    process.stderr.write(`${name} ...\n`);
    suites.push(...(await SUITES[name]!()));
    // The next suite has the machine for itself.
    await releaseAll();
    calibrationMs.push(calibrate());
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    command: `make bench${chosen.length > 0 ? ` ARGS="${chosen.join(' ')}"` : ''}`,
    machine: describeMachine(),
    calibrationMs,
    suites,
  };
}
