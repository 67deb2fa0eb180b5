// What `make test` runs after set-up: builds, finds a nats-server, runs every test, prints the suites with
// their budgets and, alone on the last line, "N passed, N failed, N skipped". Exit code 1 when a test
// failed or none ran. Arguments are parts of test file paths; without any, everything runs.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { findNatsServer } from './fetch-nats-server.mjs';
import { closingLine, countTests, formatSuites, formatUnpassed, measureSuites } from './test-summary.mjs';
import { runProject } from './vitest-run.mjs';

const ROOT = path.dirname(import.meta.dirname);
const TSC = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

const suites = JSON.parse(readFileSync(path.join(import.meta.dirname, 'suites.json'), 'utf8'));

/** Runs everything; answers the records of the runs. */
async function runTests(filters) {
  const build = spawnSync(process.execPath, [TSC, '-b'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (build.status !== 0) return [{ files: [], errors: ['the build failed: no test was run'] }];

  let env;
  try {
    // Tests of real processes start the build that was just made.
    env = { ...natsEnvironment(), FLAGSTREAM_TEST_BUILT: '1' };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return [{ files: [], errors: ['no nats-server: no test was run'] }];
  }

  // Files that compute get all cores but one; beside them run files that mostly wait for processes and
  // sockets, one more at a time than there are cores.
  const cores = availableParallelism();
  return Promise.all([
    runProject({ project: 'unit', workers: Math.max(1, cores - 1), filters, env }),
    runProject({ project: 'system', workers: cores + 1, filters, env }),
  ]);
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

const counts = report(await runTests(process.argv.slice(2)));
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
