// Foreign programs that `make interop` builds into .cache/bin, or that are on PATH. Where one is in neither
// place, the tests that need it are skipped by name, with what would build it, and counted.

import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe } from 'vitest';

export interface Tool {
  /** Where it lies; its bare name when it is absent. */
  readonly program: string;
  readonly describe: (name: string, body: () => void) => void;
}

const CACHE: string = path.resolve(import.meta.dirname, '../../../.cache/bin');

/** The one on PATH, or the one that CHROMIUM_BIN names. */
export function requiresChromium(): Tool {
  return requiresTool(
    process.env['CHROMIUM_BIN'] || 'chromium',
    'Chromium, on PATH or named by CHROMIUM_BIN',
  );
}

/** `builder` names for people what brings the program. */
export function requiresTool(name: string, builder: string): Tool {
  const found = [CACHE, ...(process.env['PATH'] ?? '').split(path.delimiter)]
    .map((folder) => (path.isAbsolute(name) ? name : path.join(folder, name)))
    .find((file) => existsSync(file));
  if (found !== undefined) return { program: found, describe };
  return {
    program: name,
    describe: (title, body) => void describe.skip(`${title} [needs ${builder}]`, body),
  };
}
