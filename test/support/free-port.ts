// Free TCP ports on loopback below 32768, where Linux never takes the local port of an outgoing
// connection: a server that is restarted on its old port finds it free. Test files run side by side in processes that
// know nothing of each other, and a server takes a second to listen: what is handed out is claimed by a file.

import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import process from 'node:process';

const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_767;
const ATTEMPTS_MAX = 200;

/** An evaluator has ports beside the one that it is given: two that are chosen by chance shall not be neighbours. */
const NEIGHBOURS = 4;

/** One file for each slot of neighbours, named by its first port, with the pid of whom it was given to. */
const CLAIMS: string = path.join(tmpdir(), `flagstream-test-ports-${userInfo().uid}`);

/** A port that was free a moment ago, as were the next three, which no other process that lives is given. */
export function freePort(): Promise<number> {
  return freePortRange(NEIGHBOURS);
}

/** The first of `count` neighbouring ports that were all free a moment ago (for --port-base). */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const base =
      NEIGHBOURS * randomInt(LOWEST_PORT / NEIGHBOURS, Math.floor((HIGHEST_PORT - count) / NEIGHBOURS));
    const ports = Array.from({ length: count }, (_, offset) => base + offset);
    if (!ports.filter((port) => port % NEIGHBOURS === 0).every(claimed)) continue;
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`found no ${count} free neighbouring ports in ${ATTEMPTS_MAX} attempts`);
}

/** Whether the slot is this process's from now on; one whose owner has ended is anybody's. */
function claimed(slot: number): boolean {
  mkdirSync(CLAIMS, { recursive: true });
  const file = path.join(CLAIMS, String(slot));
  if (written(file)) return true;
  if (isOwned(file)) return false;
  rmSync(file, { force: true });
  return written(file);
}

function written(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isOwned(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Nothing stands in it for a moment after it was made.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
