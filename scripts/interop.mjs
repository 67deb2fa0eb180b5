// What `make interop` runs after a build: foreign clients and engines (test/interop) against ours. A case whose
// toolchain is absent is skipped by name. With --write-table the README gets the tables of clients. Ends like
// `make test`: "N passed, N failed, N skipped".

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildProgram } from './interop/build-program.mjs';
import { LANES } from './interop/programs.mjs';
import { withPrograms, withTables } from './interop/readme.mjs';
import { closingLine, countTests, formatUnpassed } from './test-summary.mjs';
import { runProject } from './vitest-run.mjs';

const ROOT = path.dirname(import.meta.dirname);
const CACHE = path.join(ROOT, '.cache');
const TOOLS = path.join(CACHE, 'bin');
const GRPCURL = 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3';
const BUILD_TIMEOUT_MS = 600_000;

/** Builds a program from Go modules into TOOLS. Where that cannot be done its cases are skipped (test/interop/support). */
function build(program, goArguments, env) {
  try {
    execFileSync('go', goArguments, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_TIMEOUT_MS,
    });
  } catch (error) {
    const reason =
      error.code === 'ENOENT' ? 'there is no Go toolchain' : `${error.stderr || error.message}`.trim();
    process.stdout.write(`${program} could not be built: ${reason}\n`);
    rmSync(path.join(TOOLS, program), { force: true });
  }
}

/** Once. */
function buildGrpcurl() {
  if (existsSync(path.join(TOOLS, 'grpcurl'))) return;
  process.stdout.write('building grpcurl, about 2 minutes, once\n');
  build('grpcurl', ['install', GRPCURL], { GOBIN: TOOLS, GOFLAGS: '-mod=mod' });
}

/** Each time: its source is ours, and Go builds only what has changed. */
function buildFlagdGo() {
  const program = path.join(TOOLS, 'flagd-go');
  if (!existsSync(program)) process.stdout.write("building flagd's evaluator, about 2 minutes, once\n");
  const source = path.join(ROOT, 'test', 'interop', 'flagd-go');
  build('flagd-go', ['build', '-C', source, '-buildvcs=false', '-o', program, '.'], {
    GOMODCACHE: path.join(CACHE, 'go', 'modules'),
    GOCACHE: path.join(CACHE, 'go', 'build'),
    GOFLAGS: '-modcacherw',
  });
}

/** Whether the README is to have what this run has found. */
const WRITE_TABLE = '--write-table';
const words = process.argv.slice(2);

buildGrpcurl();
buildFlagdGo();
await Promise.all(
  LANES.map(async (lane) => {
    for (const program of lane) await buildProgram(program);
  }),
);
const records = [
  await runProject({
    project: 'interop',
    workers: 2,
    filters: words.filter((word) => word !== WRITE_TABLE),
    env: { FLAGSTREAM_TEST_BUILT: '1' },
  }),
];
if (words.includes(WRITE_TABLE)) {
  const readme = path.join(ROOT, 'README.md');
  writeFileSync(readme, withTables(withPrograms(readFileSync(readme, 'utf8'))));
}
const counts = countTests(records);
process.stdout.write(`${[...formatUnpassed(records), '', closingLine(counts)].join('\n')}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
