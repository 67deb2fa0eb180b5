// Tests of files that lie outside of the repository say so here. Where the folder is absent they are skipped
// by name, with the folder that was looked for, and counted.

import { existsSync } from 'node:fs';
import { test } from 'vitest';

export interface FolderGate {
  readonly test: (name: string, body: () => Promise<void> | void) => void;
}

export function requiresFolder(folder: string): FolderGate {
  if (existsSync(folder)) return { test };
  return { test: (name, body) => test.skip(`${name} [needs the folder ${folder}]`, body) };
}
