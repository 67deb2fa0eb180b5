// Free TCP ports on loopback below 32768, where Linux never takes the local port of an outgoing
// connection: a server that is restarted on its old port finds it free.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOWEST_PORT = 12_000;
const HIGHEST_PORT = 32_767;
const ATTEMPTS_MAX = 200;

/** An evaluator has ports beside the one that it is given: two that are chosen by chance shall not be neighbours. */
const NEIGHBOURS = 4;

/** A port that was free a moment ago, as were the next three, which nobody else is given. */
export function freePort(): Promise<number> {
  return freePortRange(NEIGHBOURS);
}

/** The first of `count` neighbouring ports that were all free a moment ago (for --port-base). */
export async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const base =
      NEIGHBOURS * randomInt(LOWEST_PORT / NEIGHBOURS, Math.floor((HIGHEST_PORT - count) / NEIGHBOURS));
    const ports = Array.from({ length: count }, (_, offset) => base + offset);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`found no ${count} free neighbouring ports in ${ATTEMPTS_MAX} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host: '127.0.0.1', port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
