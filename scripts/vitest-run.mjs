// Runs one vitest project as a child process and answers its records (see test-reporter.mjs).

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const ROOT = path.dirname(import.meta.dirname);
const VITEST = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const REPORTER = path.join(ROOT, 'scripts', 'test-reporter.mjs');
/** Longer than any honest run of the suite; a hang becomes a failure with a name. */
const RUN_TIMEOUT_MS = 20 * 60_000;

/**
 * Runs the project's files (those whose path contains one of `filters`, if there are any) in `workers`
 * processes, printing as it goes; `heard` is told each line. A run that broke has at least one entry in `errors`.
 */
export async function runProject({
  project,
  workers,
  filters = [],
  env = {},
  timeoutMs = RUN_TIMEOUT_MS,
  heard = () => undefined,
}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'flagstream-records-'));
  const recordsFile = path.join(folder, 'records.json');
  try {
    const reporters = ['--reporter=default', `--reporter=${REPORTER}`];
    const choice = ['--project', project, '--maxWorkers', String(workers), '--passWithNoTests'];
    const child = spawn(process.execPath, [VITEST, 'run', ...choice, ...reporters, ...filters], {
      cwd: ROOT,
      env: { ...process.env, ...env, FLAGSTREAM_TEST_RECORDS: recordsFile },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    // Line by line, because two runs share this output.
    for (const stream of ['stdout', 'stderr'])
      createInterface({ input: child[stream] }).on('line', (line) => {
        process[stream].write(`${line}\n`);
        heard(line);
      });
    const ending = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal ?? code));
    });
    return readRecords(recordsFile, project, ending);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readRecords(file, project, ending) {
  if (!existsSync(file))
    return { files: [], errors: [`the ${project} tests ended with ${ending} and left no result`] };
  const records = JSON.parse(readFileSync(file, 'utf8'));
  const broken = records.errors.length + records.files.flatMap((entry) => entry.errors).length;
  const failed = records.files.flatMap((entry) => entry.tests).some((test) => test.state === 'failed');
  if (ending !== 0 && broken === 0 && !failed)
    records.errors.push(`the ${project} tests ended with ${ending}`);
  return records;
}
