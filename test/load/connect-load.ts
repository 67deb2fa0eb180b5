// Clients that come, take in the newest state and leave, at a pace of their own: how many a server admits, and how long
// those take that it sends away at first.

import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../bench/statistics.ts';
import { ConnectTally, LoadClient, type LoadClientOptions } from './load-client.ts';
import { machineMs } from './machine-clock.ts';

export interface ConnectLoadOptions {
  /** Clients that come in a second; undefined: another one for each that has gone, `AT_ONCE` at a time. */
  readonly perSecond: number | undefined;
  readonly durationMs: number;
}

export interface ConnectFigures {
  /** Clients that came. */
  readonly offered: number;
  /** Not started, as too many of this process were waiting. */
  readonly unsent: number;
  /** Connections, those of second and later attempts among them. */
  readonly attempts: number;
  readonly admitted: number;
  readonly admittedPerSecond: number;
  /** Attempts that were refused with a delay to keep. */
  readonly shed: number;
  readonly retryAfterMaxMs: number;
  /** Refused or lost without one. */
  readonly failed: Readonly<Record<string, number>>;
  /** From a client's start to the newest state, its delays among them; the whole time where none came so far. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const WAITING_MAX = 4_000;
/** As many as a server admits in a second would be sent away in part. */
const AT_ONCE = 500;
const PACE_MS = 5;
/**
 * Addresses of this machine that they come from in turn. Ports of connections that have ended are held for a minute, and
 * where most ports of one address are, the kernel takes half a millisecond to find a free one: a third of this process.
 */
const ADDRESSES = 100;

export async function connectLoad(
  { perSecond, durationMs }: ConnectLoadOptions,
  client: Omit<LoadClientOptions, 'instanceId' | 'tally'>,
): Promise<ConnectFigures> {
  const tally = new ConnectTally();
  const waiting = new Set<LoadClient>();
  const tookMs: number[] = [];
  const leaving: Promise<void>[] = [];
  const come = (index: number): void => {
    const instanceId = `comer-${process.pid}-${index}`;
    const way = { ...client.way, localAddress: `127.0.1.${1 + (index % ADDRESSES)}` };
    const cameMs = machineMs();
    const live = (): void => {
      if (!waiting.delete(comer)) return;
      tookMs.push(machineMs() - cameMs);
      // Not while its stream is still being told of.
      leaving.push(Promise.resolve().then(() => comer.close()));
    };
    const comer = new LoadClient({ ...client, way, tally, instanceId, live });
    waiting.add(comer);
  };
  let [offered, unsent] = [0, 0];
  const startedMs = machineMs();
  for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = machineMs() - startedMs) {
    const due = (): boolean =>
      perSecond === undefined ? waiting.size < AT_ONCE : offered < (elapsedMs / 1_000) * perSecond;
    for (; due(); offered++) {
      if (waiting.size >= WAITING_MAX) unsent += 1;
      else come(offered);
    }
    await delay(PACE_MS);
  }
  const seconds = (machineMs() - startedMs) / 1_000;
  await Promise.all([...leaving, ...[...waiting].map((comer) => comer.close())]);
  return {
    offered,
    unsent,
    attempts: tally.attemptMs.length,
    admitted: tally.admittedMs.length,
    admittedPerSecond: tally.admittedMs.length / seconds,
    shed: tally.retryAfterMs.length,
    retryAfterMaxMs: Math.max(0, ...tally.retryAfterMs),
    failed: Object.fromEntries(tally.failures),
    p50Ms: tookMs.length === 0 ? durationMs : percentile(tookMs, 0.5),
    p99Ms: tookMs.length === 0 ? durationMs : percentile(tookMs, 0.99),
  };
}
