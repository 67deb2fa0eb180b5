// Installs the peers' packages beside their manifest, once per lock file.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PEERS_FOLDER } from './load-sdk.ts';

const INSTALL_MAX_MS = 120_000;
const REASON_CHARS_MAX = 300;

/** Answers why there are no peers, or undefined when all of them are there. */
export function installPeers(): string | undefined {
  const lock = readFileSync(path.join(PEERS_FOLDER, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  const stamp = path.join(PEERS_FOLDER, 'node_modules', '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return undefined;
  process.stderr.write('installing the SDKs of other systems, once\n');
  try {
    execFileSync('npm', ['ci', '--no-progress'], {
      cwd: PEERS_FOLDER,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: INSTALL_MAX_MS,
      encoding: 'utf8',
    });
  } catch (error) {
    return `npm ci failed: ${reasonOf(error)}`;
  }
  writeFileSync(stamp, digest);
  return undefined;
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const text = stderr === undefined || stderr === '' ? String(message ?? error) : stderr;
  return text.replace(/\s+/g, ' ').trim().slice(0, REASON_CHARS_MAX);
}
