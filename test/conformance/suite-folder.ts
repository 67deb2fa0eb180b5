// Where the conformance cases lie, and the files of one suite. They belong to other systems' projects and are
// read in place; nothing of them is kept here.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** The input is not in the format it should have; the message names file, position and member. */
export class UnreadableError extends Error {}

export interface SuiteFile {
  /** Relative to the suite's folder, with forward slashes. */
  readonly name: string;
  text(): string;
}

/** Beside the project. */
export const DEFAULT_FOLDER: string = path.resolve(import.meta.dirname, '../../../shared/conformance');
const VARIABLE = 'FLAGSTREAM_CONFORMANCE';

/** The folder of all suites: the one named, else the environment's, else the one beside the project. */
export function conformanceFolder(named?: string): string {
  return path.resolve(named ?? (process.env[VARIABLE] || DEFAULT_FOLDER));
}

export function isFolder(folder: string): boolean {
  return existsSync(folder) && statSync(folder).isDirectory();
}

/** Names of the folders directly below. */
export function foldersBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** All files at any depth, README.md files excepted; none when there is no such folder. */
export function filesOf(folder: string): readonly SuiteFile[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => path.basename(name) !== 'README.md' && statSync(path.join(folder, name)).isFile())
    .sort()
    .map((name) => ({
      name: name.split(path.sep).join('/'),
      text: () => readFileSync(path.join(folder, name), 'utf8'),
    }));
}
