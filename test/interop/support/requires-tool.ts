// Foreign programs that `make interop` builds into .cache/bin, or that are on PATH. Where one is in neither
// place, the tests that need it are skipped by name, with what would build it, and counted.

import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe } from 'vitest';

export interface Tool {
  /** Where it lies; its bare name when it is absent. */
  readonly program: string;
  /** What it needs to be told. */
  readonly env: Readonly<Record<string, string>>;
  readonly describe: (name: string, body: () => void) => void;
}

const CACHE: string = path.resolve(import.meta.dirname, '../../../.cache/bin');

/** A program over a provider. One that starts a browser needs that too: the one on PATH, or what CHROMIUM_BIN names. */
export function requiresClient(client: {
  readonly program: string;
  readonly toolchain: string;
  readonly inBrowser?: boolean;
}): Tool {
  const tool = requiresTool(client.program, client.toolchain);
  if (client.inBrowser !== true) return tool;
  const chromium = requiresTool(process.env['CHROMIUM_BIN'] || 'chromium', 'Chromium');
  return {
    program: tool.program,
    env: { CHROMIUM_BIN: chromium.program },
    describe: (title, body) => chromium.describe('in a browser', () => tool.describe(title, body)),
  };
}

/** `builder` names for people what brings the program. */
export function requiresTool(name: string, builder: string): Tool {
  const found = [CACHE, ...(process.env['PATH'] ?? '').split(path.delimiter)]
    .map((folder) => (path.isAbsolute(name) ? name : path.join(folder, name)))
    .find((file) => existsSync(file));
  if (found !== undefined) return { program: found, env: {}, describe };
  return {
    program: name,
    env: {},
    describe: (title, body) => void describe.skip(`${title} [needs ${builder}]`, body),
  };
}
