// The Connect protocol's own conformance runner against a host of ours: Connect, gRPC and gRPC-Web over HTTP/1.1 and
// HTTP/2, in clear text and within TLS, in protobuf and JSON, plain and packed.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { beforeAll, expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import { TestProcess } from '../support/process.ts';
import { tempDir } from '../support/temp-dir.ts';
import { KNOWN_FAILURES } from './connect-conformance/known-failures.ts';
import { type Verdict, verdictOf } from './connect-conformance/verdict.ts';
import { requiresTool } from './support/requires-tool.ts';

const HERE: string = path.join(import.meta.dirname, 'connect-conformance');
const DESCRIPTORS: string = path.resolve(import.meta.dirname, '../../.cache/go/connectconformance.binpb');
/** Three quarters of a minute on a machine that is free. */
const RUN_TIMEOUT_MS = 240_000;

const tool = requiresTool('connect-conformance', 'connectconformance, or Go 1.24 to build it');

/** Many of them start, one after the other. */
async function bundled(): Promise<string> {
  const outdir = tempDir('connect-conformance-server');
  await bundle({ main: path.join(HERE, 'main.ts') }, outdir);
  writeFileSync(path.join(outdir, 'package.json'), '{"type":"module"}');
  return outdir;
}

async function judge(): Promise<Verdict> {
  const files = tempDir('connect-conformance');
  mkdirSync(files, { recursive: true });
  const known = KNOWN_FAILURES.flatMap(({ cases }) => cases.flatMap((name) => ['--known-failing', name]));
  const server = [process.execPath, path.join(await bundled(), 'main.js'), DESCRIPTORS, files];
  // Beside other tests: each is given five seconds to start.
  const words = [
    '--mode',
    'server',
    '--max-servers',
    '2',
    '--conf',
    path.join(HERE, 'features.yaml'),
    ...known,
    '--',
    ...server,
  ];
  const runner = new TestProcess('connectconformance', tool.program, words);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void runner.kill();
  }, RUN_TIMEOUT_MS);
  await runner.exited;
  clearTimeout(timer);
  const output = `${runner.text('stdout')}${runner.text('stderr')}`;
  if (late) throw new Error(`connectconformance did not end within ${RUN_TIMEOUT_MS} ms:\n${output}`);
  return verdictOf(output);
}

tool.describe("the Connect protocol's own conformance runner", () => {
  let verdict: Verdict;

  beforeAll(async () => {
    verdict = await judge();
    const { passed, failed, known, notRun } = verdict;
    process.stdout.write(
      `connectconformance: ${passed} passed, ${failed} failed, ${known} known to fail, ${notRun} not run\n`,
    );
  }, RUN_TIMEOUT_MS + 10_000);

  test('finds nothing that is not on the list of known failures, and all that is', () => {
    expect(verdict.surprises).toEqual([]);
    expect(verdict.failed).toBe(0);
  });

  test('runs every case', () => {
    expect(verdict.notRun).toBe(0);
    expect(verdict.passed).toBeGreaterThan(2_000);
  });
});
