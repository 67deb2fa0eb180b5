// The files of the checkout that git tracks or would track: what a commit of this state would hold.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT: string = path.resolve(import.meta.dirname, '../..');

/** Paths below the root, sorted, with forward slashes. */
export function trackedFiles(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(path.join(ROOT, file)));
  return [...new Set(files)].sort();
}

/** TypeScript and script sources written by hand. */
export function sourceFiles(): readonly string[] {
  return trackedFiles().filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('/gen/'));
}

export function readTracked(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}
