#!/usr/bin/env node
// The installed command: the compiled program, or a hint when it was not compiled yet.
import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);

if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('error: flagstream is not compiled yet\n  next   run `make build`, then try again\n');
  process.exitCode = 1;
}
