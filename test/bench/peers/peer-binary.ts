// Binaries of other systems' servers: named by a variable, or on the PATH.

import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const PROGRAMS = { FLAGD_BIN: 'flagd', FLIPT_BIN: 'flipt', GOFF_BIN: 'go-feature-flag' } as const;

export type PeerVariable = keyof typeof PROGRAMS;

/** Undefined: the variable names none, and none is on the PATH. */
export function peerBinary(variable: PeerVariable): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, PROGRAMS[variable]))
    .find(isExecutable);
}

export function noBinary(variable: PeerVariable): string {
  return `not run: ${variable} names no binary`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
