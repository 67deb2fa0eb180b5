// Installs the peers' packages beside their manifest, once per lock file.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PEERS_FOLDER } from './load-sdk.ts';

const INSTALL_MAX_MS = 120_000;

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
    return `npm ci failed (${reasonOf(error)})`;
  }
  writeFileSync(stamp, digest);
  return undefined;
}

/** The code alone: npm's text names the registry and paths of this machine, and results are committed. */
function reasonOf(error: unknown): string {
  const { stderr, code } = error as { stderr?: string; code?: string };
  return /^npm \S+ code (\S+)/m.exec(stderr ?? '')?.[1] ?? code ?? 'no code given';
}
