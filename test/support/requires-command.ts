// Tests that need a program of another toolchain say so here. Where it is absent they are skipped by name,
// with the program that was looked for, and counted.

import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'vitest';

export interface CommandGate {
  readonly test: (name: string, body: () => Promise<void> | void) => void;
}

/** `toolchain` names for people what brings the program. */
export function requiresCommand(command: string, toolchain: string): CommandGate {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  if (folders.some((folder) => existsSync(path.join(folder, command)))) return { test };
  return { test: (name, body) => test.skip(`${name} [needs ${toolchain}]`, body) };
}
