// What `make interop` runs after a build: foreign clients (test/interop) against our processes. A case whose
// toolchain is absent is skipped by name. Ends like `make test`: "N passed, N failed, N skipped".

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { closingLine, countTests, formatUnpassed } from './test-summary.mjs';
import { runProject } from './vitest-run.mjs';

const TOOLS = path.join(path.dirname(import.meta.dirname), '.cache', 'bin');
const GRPCURL = 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3';
const BUILD_TIMEOUT_MS = 600_000;

/** Builds grpcurl from its Go module, once. Where that cannot be done its cases are skipped (support/grpcurl.ts). */
function buildGrpcurl() {
  if (existsSync(path.join(TOOLS, 'grpcurl'))) return;
  process.stdout.write('building grpcurl, about 2 minutes, once\n');
  try {
    const env = { ...process.env, GOBIN: TOOLS, GOFLAGS: '-mod=mod' };
    execFileSync('go', ['install', GRPCURL], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_TIMEOUT_MS,
    });
  } catch (error) {
    const reason =
      error.code === 'ENOENT' ? 'there is no Go toolchain' : `${error.stderr || error.message}`.trim();
    process.stdout.write(`grpcurl could not be built: ${reason}\n`);
  }
}

buildGrpcurl();
const records = [
  await runProject({
    project: 'interop',
    workers: 2,
    filters: process.argv.slice(2),
    env: { FLAGSTREAM_TEST_BUILT: '1' },
  }),
];
const counts = countTests(records);
process.stdout.write(`${[...formatUnpassed(records), '', closingLine(counts)].join('\n')}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
