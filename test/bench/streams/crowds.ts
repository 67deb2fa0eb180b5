// Crowds of clients at one server, each larger than the one before: what an idle stream keeps of its memory, and what a
// change to all of them takes.

import { LoadFleet } from '../../load/load-fleet.ts';
import { medianOf, type PushRound, PushRounds } from '../../load/push-rounds.ts';
import { percentile } from '../statistics.ts';
import { HEARTBEAT_MS } from './captured-frames.ts';
import type { PushingServer } from './pushing-servers.ts';

const WARM_UP_CHANGES = 2;
const HELD_CHANGES = 2;
/** With more flags than this, all clients but the first begin with what that one was sent, as from a disk copy. */
const SENT_TO_EACH_MAX = 100;
/** Connections that are opened each second: handshakes of TLS take a server's core. */
const PER_SECOND = 300;
const CONNECT_MAX_MS = 300_000;
const KIBIBYTE = 1_024;

export interface CrowdFigures {
  readonly server: string;
  readonly flags: number;
  readonly clients: number;
  /** Kept by each idle stream, KiB. */
  readonly rssKib: number;
  readonly heapKib: number;
  /** Of the server without streams, MiB. */
  readonly baseMib: number;
  /** From the commit to the receipt, ms. */
  readonly receivedP50: number;
  readonly receivedP99: number;
  readonly receivedLast: number;
  readonly confirmedLast: number;
  /** To the last receipt with no acknowledgement before it. */
  readonly heldLast: number;
  readonly pushCpuUs: number;
  readonly acknowledgeCpuUs: number;
  readonly bytesPerClient: number;
  readonly entityBytes: number;
}

/** Changes that so many crowds take. */
export function changesOf(crowds: number, rounds: number): number {
  return crowds * (WARM_UP_CHANGES + rounds + HELD_CHANGES);
}

/** @param crowds how many clients, ascending */
export async function measureCrowds(
  server: PushingServer,
  crowds: readonly number[],
  rounds: number,
): Promise<readonly CrowdFigures[]> {
  const fleet = new LoadFleet('crowd', crowds.at(-1)!);
  if (server.values !== undefined) await fleet.openWitnesses([server.endpoint], server.way);
  const none = await server.memory();
  const figures: CrowdFigures[] = [];
  let open = 0;
  for (const clients of crowds) {
    await fleet.open({
      ...{ endpoints: [server.endpoint], way: server.way, startAtFirst: true, heartbeatMs: HEARTBEAT_MS },
      ...{ count: clients - open, namePrefix: `crowd-${clients}`, perSecond: PER_SECOND },
      seeded: server.flags > SENT_TO_EACH_MAX,
    });
    open = clients;
    await fleet.untilCurrent(server.firstRevision, CONNECT_MAX_MS);
    const all = await server.memory();
    const pushes = new PushRounds(server, fleet, clients);
    for (let turn = 0; turn < WARM_UP_CHANGES; turn++) await pushes.round();
    await pushes.rest();
    const measured: PushRound[] = [];
    for (let turn = 0; turn < rounds; turn++) measured.push(await pushes.round());
    const held = [];
    for (let turn = 0; turn < HELD_CHANGES; turn++) held.push(await pushes.heldRound());
    const received = (share: number): number =>
      medianOf(measured, ({ receivedMs }) => percentile(receivedMs, share));
    figures.push({
      server: server.name,
      flags: server.flags,
      clients,
      rssKib: (all.rssBytes - none.rssBytes) / clients / KIBIBYTE,
      heapKib: (all.heapBytes - none.heapBytes) / clients / KIBIBYTE,
      baseMib: none.rssBytes / KIBIBYTE / KIBIBYTE,
      receivedP50: received(0.5),
      receivedP99: received(0.99),
      receivedLast: received(1),
      confirmedLast: medianOf(measured, ({ confirmedMs }) => Math.max(...confirmedMs)),
      heldLast: medianOf(held, ({ receivedMs }) => Math.max(...receivedMs)),
      pushCpuUs: medianOf(held, ({ pushCpuMs }) => (pushCpuMs * 1_000) / clients),
      acknowledgeCpuUs: medianOf(held, ({ acknowledgeCpuMs }) => (acknowledgeCpuMs * 1_000) / clients),
      bytesPerClient: server.onTheWire.bytes,
      entityBytes: server.onTheWire.entityBytes,
    });
  }
  await proveRight(server, fleet);
  await fleet.close();
  await server.close();
  return figures;
}

/** @throws Error when a stream was lost, a client went back, or the real SDK client evaluates otherwise: nothing counts then */
async function proveRight({ values, revision }: PushingServer, fleet: LoadFleet): Promise<void> {
  const { losses, regressions } = await fleet.counts(revision);
  if (losses + regressions > 0)
    throw new Error(`${losses} streams were lost, ${regressions} clients went back to an older revision`);
  const wrong = values === undefined ? [] : await fleet.wrongValues(revision, values);
  if (wrong.length > 0) throw new Error(`an SDK client evaluates ${wrong.join(', ')} wrongly`);
}
