#!/usr/bin/env node
// The installed command: its bundle, which starts fastest, or a hint when it was not built yet.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const program = new URL('../../../build/cli/cli.js', import.meta.url);

if (existsSync(program)) {
  // From Node 22 on V8's code is kept beside it, where only those can write who could change the program itself.
  module.enableCompileCache?.(fileURLToPath(new URL('compiled', program)));
  await import(program.href);
} else {
  process.stderr.write('error: flagstream is not compiled yet\n  next   run `make build`, then try again\n');
  process.exitCode = 1;
}
