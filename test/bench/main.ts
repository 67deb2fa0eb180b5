// `make bench`: compiles the benchmark and runs it in plain Node on the built packages. tsx's own transform
// wraps every closure, which a benchmark of closures would feel.
//
// ARGS="engine unary pipelined" chooses suites; without any, all run. What makes suites smaller:
// security/sizes.ts.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** As deep below the root as test/support, whose files find scripts/ and packages/ from where they stand. */
const OUT = path.join(ROOT, 'build', 'bench');

rmSync(OUT, { recursive: true, force: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: {
    run: 'test/bench/run.ts',
    'engine-host': 'test/bench/engine/engine-host.ts',
    'compile-host': 'test/bench/engine/compile-host.ts',
    'peer-host': 'test/bench/peers/peer-host.ts',
    'bare-server': 'test/bench/unary/bare-server.ts',
    'bare-http-server': 'test/bench/unary/bare-http-server.ts',
    'echo-server': 'test/bench/pipelined/echo-server.ts',
    'load-host': 'test/bench/pipelined/load-host.ts',
    'floor-server': 'test/bench/latency/floor-server.ts',
    'evaluator-host': 'test/bench/security/evaluator-host.ts',
    'client-host': 'test/bench/security/client-host.ts',
    'fleet-host': 'test/load/fleet-host.ts',
    'crowd-host': 'test/bench/flagd/crowd-host.ts',
    'stream-floor-host': 'test/bench/stream-floor-host.ts',
  },
  outdir: OUT,
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
});

const child = spawn(
  process.execPath,
  ['--enable-source-maps', path.join(OUT, 'run.js'), ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit' },
);
// The child gets the terminal's Ctrl-C as well, and ends its own processes: wait for it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
