#!/usr/bin/env node
// The installed command: its bundle, which starts fastest, or a hint when it was not built yet.
import { existsSync } from 'node:fs';

const program = new URL('../../../build/cli/cli.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('error: flagstream is not compiled yet\n  next   run `make build`, then try again\n');
  process.exitCode = 1;
}
