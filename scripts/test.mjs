// What `make test` runs after set-up: builds, finds a nats-server, runs every test, prints the suites with
// their budgets and, alone on the last line, "N passed, N failed, N skipped". Exit code 1 when a test
// failed or none ran. Arguments are parts of test file paths; without any, everything runs. What all of it was told is
// recorded, and searched at the end for what must never be told: one more test.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { bundleCommand } from './bundle.mjs';
import { findNatsServer } from './fetch-nats-server.mjs';
import { HEARD_KINDS, RECORDING_VARIABLE, RunRecording, readRecording } from './run-recording.mjs';
import { searchRecording } from './run-search.mjs';
import { closingLine, countTests, formatSuites, formatUnpassed, measureSuites } from './test-summary.mjs';
import { runProject } from './vitest-run.mjs';

const ROOT = path.dirname(import.meta.dirname);
const TSC = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const PROTOCOL = path.join(ROOT, 'packages', 'protocol', 'dist', 'index.js');

const suites = JSON.parse(readFileSync(path.join(import.meta.dirname, 'suites.json'), 'utf8'));

/** Runs everything; answers the records of the runs. */
async function runTests(filters, folder) {
  const build = spawnSync(process.execPath, [TSC, '-b'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (build.status !== 0) return [{ files: [], errors: ['the build failed: no test was run'] }];
  await bundleCommand();

  let env;
  try {
    // Tests of real processes start the build that was just made.
    env = { ...natsEnvironment(), FLAGSTREAM_TEST_BUILT: '1', [RECORDING_VARIABLE]: folder };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return [{ files: [], errors: ['no nats-server: no test was run'] }];
  }

  // Files that compute get all cores but one; beside them run files that mostly wait for processes and
  // sockets, one more at a time than there are cores.
  const cores = availableParallelism();
  const recording = new RunRecording(folder, 'report');
  const run = (project, workers) => {
    const heard = (text) => recording.add({ kind: 'report', of: `the ${project} tests`, during: '', text });
    return runProject({ project, workers, filters, env, heard });
  };
  const records = await Promise.all([run('unit', Math.max(1, cores - 1)), run('system', cores + 1)]);
  recording.flush();
  // A search of nothing is no test: a filter that fits no file is to fail.
  if (records.every(({ files }) => files.length === 0)) return records;
  return [...records, await searchRun(folder, filters)];
}

/** The search of what was recorded, as one test in a file of its own. */
async function searchRun(folder, filters) {
  const startMs = Date.now();
  // Some files alone need not be told anything; all of them are told something of each kind.
  const kinds = filters.length === 0 ? HEARD_KINDS : [];
  let findings;
  try {
    const { parseToken } = await import(PROTOCOL);
    const search = searchRecording(readRecording(folder), { parseToken, kinds });
    findings = search.findings;
    const heard = [...search.heard].map(([kind, entries]) => `${entries} of kind ${kind}`);
    process.stdout.write(`\nsearched for secrets what was told: ${heard.sort().join(', ')}\n`);
  } catch (error) {
    findings = [`the search broke: ${error.message}`];
  }
  for (const finding of findings) process.stdout.write(`  told: ${finding}\n`);
  const test = {
    name: 'no token, private key or context value in anything that the run was told',
    state: findings.length === 0 ? 'passed' : 'failed',
    note: findings.length === 0 ? undefined : `${findings.length} findings above, of ${folder}`,
    figures: [],
  };
  return {
    files: [{ file: 'scripts/run-search.mjs', startMs, endMs: Date.now(), tests: [test], errors: [] }],
    errors: [],
  };
}

function natsEnvironment() {
  if (process.env['NATS_URL'] || process.env['FLAGSTREAM_SKIP_NATS'] === '1') return {};
  return { NATS_SERVER_BIN: findNatsServer() };
}

function report(records) {
  const counts = countTests(records);
  const measured = measureSuites(suites, records).filter((suite) => suite.tests > 0);
  const lines = ['', ...formatSuites(measured), ...formatUnpassed(records), '', closingLine(counts)];
  process.stdout.write(`${lines.join('\n')}\n`);
  return counts;
}

const folder = mkdtempSync(path.join(tmpdir(), 'flagstream-run-'));
const counts = report(await runTests(process.argv.slice(2), folder));
// What was found is looked for in it.
if (counts.failed === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
