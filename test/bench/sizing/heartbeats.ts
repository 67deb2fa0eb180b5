// What a stream costs that only holds on: a ping and its pong.

import { setTimeout as delay } from 'node:timers/promises';
import { encodeClientFrame, encodePing } from '@flagstream/protocol';
import { LoadFleet } from '../../load/load-fleet.ts';
import type { PushingServer } from '../streams/pushing-servers.ts';

const CLIENTS = 2_000;
const HEARTBEAT_MS = 1_000;
const REST_MS = 15_000;
const CONNECTS_PER_SECOND = 400;
const CONNECT_MAX_MS = 60_000;
/** Of gRPC and HTTP/2, for each message. */
const HEAD_BYTES = 14;

export interface Heartbeats {
  readonly heartbeatCpuUs: number;
  readonly heartbeatBytes: number;
}

export async function measureHeartbeats(server: PushingServer): Promise<Heartbeats> {
  const idleMs = await cpuOver(server);
  const fleet = new LoadFleet('heartbeats', CLIENTS);
  await fleet.open({
    ...{ endpoints: [server.endpoint], way: server.way, startAtFirst: true, heartbeatMs: HEARTBEAT_MS },
    ...{ count: CLIENTS, namePrefix: 'beat', perSecond: CONNECTS_PER_SECOND, seeded: false },
  });
  await fleet.untilCurrent(server.revision, CONNECT_MAX_MS);
  const beatingMs = await cpuOver(server);
  await fleet.close();
  const beats = (CLIENTS * REST_MS) / HEARTBEAT_MS;
  return { heartbeatCpuUs: ((beatingMs - idleMs) * 1_000) / beats, heartbeatBytes: beatBytes() };
}

async function cpuOver(server: PushingServer): Promise<number> {
  const before = cpuMs(server);
  await delay(REST_MS);
  return cpuMs(server) - before;
}

function cpuMs(server: PushingServer): number {
  const ms = server.cpuMs();
  if (ms === undefined) throw new Error('the kernel does not tell the CPU time of a process');
  return ms;
}

/** Both ways, with numbers as long as they become. */
function beatBytes(): number {
  const position = { epoch: 1, revision: 1_000_000, hash: new Uint8Array(32) };
  const digest = { hi: 1n, lo: 1n };
  const ping = encodePing({
    type: 'ping',
    nonce: 1_000,
    head: position,
    freshness: { stalenessMs: 1_000, estimated: false, source: 'live' },
    wantDigest: true,
    echoNonce: 1_000,
    reconnectSpreadMs: 10_000,
    reportSequence: 1_000,
  });
  const have = { position, digest, logIdentity: new Uint8Array(32) };
  const pong = encodeClientFrame({ type: 'pong', nonce: 1_000, have, clientNonce: 1_000 });
  return ping.length + pong.length + 2 * HEAD_BYTES;
}
