// Planted bugs are unified diffs. They are applied in memory, by what they say and not by line numbers: a hunk's
// lines before the change must stand in the file exactly once.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.dirname(import.meta.dirname);
const MUTANTS = path.join(ROOT, 'test', 'sim', 'mutants');

/** All planted bugs of a folder, by name: the file that each changes, and the file's text with the bug in it. */
export function plantedBugs(folder = MUTANTS) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.patch'))
    .sort()
    .map((file) => plant(path.basename(file, '.patch'), readFileSync(path.join(folder, file), 'utf8')));
}

/** @throws Error when the patch no longer fits the source */
function plant(name, patch) {
  const file = /^\+\+\+ b\/(.+)$/m.exec(patch)?.[1];
  if (file === undefined) throw new Error(`${name}.patch names no file`);
  let text = readFileSync(path.join(ROOT, file), 'utf8');
  for (const hunk of patch.split(/^@@.*@@.*\n/m).slice(1)) {
    const lines = hunk.replace(/\n$/, '').split('\n');
    const side = (mark) =>
      lines
        .filter((line) => line[0] !== mark)
        .map((line) => line.slice(1))
        .join('\n');
    const parts = text.split(side('+'));
    if (parts.length !== 2) throw new Error(`${name}.patch does not fit ${file}: make it anew`);
    text = parts.join(side('-'));
  }
  return { name, file, text };
}

/** An esbuild plugin that puts the bug in the place of the source. */
export function planting({ name, file, text }) {
  return {
    name,
    setup(build) {
      const loaded = path.join(ROOT, file);
      build.onLoad({ filter: /\.ts$/ }, ({ path: wanted }) =>
        wanted === loaded ? { contents: text, loader: 'ts' } : undefined,
      );
    },
  };
}
