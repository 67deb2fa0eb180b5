/**
 * Who of one environment's clients has confirmed what. Sessions know it and
 * are asked when a report is due; kept here is what they do not know: who left
 * without confirming, and how long confirmations took.
 *
 * Holds true: nobody counts as having a revision who has not acknowledged it,
 * or a later one; who leaves owing is remembered (departed-clients.ts).
 */
import {
  DELIVERY_BOUNDS_MS,
  type Engine,
  EngineCounts,
  LIMITS,
  nackCodeToWire,
  placeToWire,
  SdkCounts,
} from '@flagstream/protocol';
import type {
  ClientReport,
  DeliveryTimes,
  EnvironmentReport,
  FoundInstance,
  RevisionClients,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import {
  comparePositions,
  type EnvironmentScope,
  formatPosition,
  isBefore,
  ORIGIN,
  type Place,
  type SyncPeer,
  type SyncServerSession,
} from '@flagstream/replica';
import { DepartedClients, whoHas } from './departed-clients.ts';
import { MovedClientsCount } from './moved-clients.ts';
import { SequencedStreams } from './sequenced-streams.ts';

/** A stream's session, as far as it is counted. */
export type LedgerClient = Pick<SyncServerSession, 'peer' | 'acked' | 'answered' | 'heardMs' | 'refusal'>;

/** What is to be known of this process. */
export interface NodeStanding {
  /** How many reports it has made. */
  readonly sequence: number;
  /** How old its state may be. */
  stalenessMs(): number;
}

/** A node that is well hears of the head each second: what is older may lack a change that its clients owe. */
const STALE_MS = 2_000;

interface Delivery {
  readonly place: Place;
  readonly servedMs: number;
  readonly counts: number[];
}

export class EnvironmentLedger {
  readonly scope: EnvironmentScope;
  readonly #node: NodeStanding;
  /** By instance, so that many can leave at once: one has a second stream while it moves. */
  readonly #streams = new Map<string, LedgerClient[]>();
  #clients = 0;
  readonly #departed = new DepartedClients();
  /** Left while this node may have lacked a change: they owe what comes until it has caught up. */
  #leftUnsure = new DepartedClients();
  /** Newest last. */
  #deliveries: Delivery[] = [];
  #changed: Place = ORIGIN;
  readonly #sdks = new SdkCounts();
  readonly #engines = new EngineCounts();
  /** By the report that counts them no more. */
  readonly #lost = new SequencedStreams();

  constructor(scope: EnvironmentScope, node: NodeStanding) {
    this.scope = scope;
    this.#node = node;
  }

  /** Nothing to tell. */
  get empty(): boolean {
    return (
      this.#clients === 0 && this.#departed.clients + this.#leftUnsure.clients === 0 && this.#engines.empty
    );
  }

  get clients(): number {
    return this.#clients;
  }

  /** The environment is served as it is at a revision that changed it. */
  changed(place: Place, nowMs: number): void {
    if (comparePositions(place, this.#changed) === 0) return;
    this.#changed = place;
    this.#departed.addAll(this.#leftUnsure, place);
    const counts = Array<number>(DELIVERY_BOUNDS_MS.length + 1).fill(0);
    this.#deliveries.push({ place, servedMs: nowMs, counts });
    if (this.#deliveries.length > LIMITS.reportedDeliveriesMax) this.#deliveries.shift();
  }

  /** Its Hello was taken. */
  joined(client: LedgerClient): void {
    const { instanceId } = client.peer!;
    const streams = this.#streams.get(instanceId);
    if (streams === undefined) this.#streams.set(instanceId, [client]);
    else streams.push(client);
    this.#clients += 1;
    this.#sdks.add(client.peer!.sdk, 1);
  }

  /**
   * Clients that confirm nothing came, or left.
   * @param clients negative: they left
   */
  evaluating(engine: Engine, clients: number): void {
    this.#engines.add(engine, clients);
  }

  /** @param before what it had confirmed until now */
  confirmed(client: LedgerClient, before: Place | undefined, nowMs: number): void {
    const { acked, peer } = client;
    if (acked === undefined || peer === undefined) return;
    for (const { place, servedMs, counts } of this.#deliveries)
      if (isBefore(before, place) && !isBefore(acked, place) && isBefore(peer.joined, place))
        counts[boundIndex(nowMs - servedMs)]! += 1;
    this.#departed.confirmed(peer.instanceId, acked);
    this.#leftUnsure.confirmed(peer.instanceId, acked);
  }

  /** @param how lost: its client may tell another node that it had this stream */
  left(client: LedgerClient, nowMs: number, how: 'with-bye' | 'lost'): void {
    const { peer, acked } = client;
    if (peer === undefined) return;
    const others = this.#remove(client, peer);
    if (others === undefined) return;
    this.#sdks.add(peer.sdk, -1);
    if (how === 'lost') this.#lost.add(this.#node.sequence + 1);
    const owes = this.#owes(client);
    if (!owes && (how === 'with-bye' || this.#node.stalenessMs() <= STALE_MS)) return;
    // An instance that came by another stream owes by that one, or has it.
    if (others.some((other) => !this.#isArriving(other))) return;
    const left = owes ? this.#departed : this.#leftUnsure;
    left.add({ peer, acked, owed: this.#changed, leftMs: nowMs });
  }

  /** @param namesMax clients of each kind that are told by name */
  report(nowMs: number, namesMax: number): EnvironmentReport {
    if (this.#node.stalenessMs() <= STALE_MS) this.#leftUnsure = new DepartedClients();
    const behind: LedgerClient[] = [];
    const moved = new MovedClientsCount();
    let [current, arriving] = [0, 0];
    for (const client of this.#all()) {
      if (this.#isArriving(client)) {
        arriving += 1;
        continue;
      }
      if (this.#owes(client)) behind.push(client);
      else current += 1;
      // What the client had to confirm elsewhere, it has, or owes here.
      if (client.answered) moved.add(client.peer!.lostStreams);
    }
    return {
      ...this.scope,
      changedRevision: BigInt(this.#changed.revision),
      clients: this.#clients,
      current,
      arriving,
      ...countByRevision(behind),
      laggards: mostUrgent(behind, namesMax).map((client) => clientReport(client, nowMs)),
      ...this.#departed.report(nowMs, namesMax),
      times: this.#deliveries.map(
        ({ place, counts }): DeliveryTimes => ({ revision: BigInt(place.revision), counts: [...counts] }),
      ),
      sdks: this.#sdks.all().slice(0, LIMITS.reportedSdksMax),
      lost: this.#lost.toWire(),
      moved: moved.toWire(namesMax),
      engines: this.#engines.all(),
    };
  }

  /** Which of these are here, with what they have confirmed. */
  find(instanceIds: ReadonlySet<string>): FoundInstance[] {
    const found: FoundInstance[] = [];
    for (const instanceId of instanceIds)
      for (const { acked } of this.#streams.get(instanceId) ?? [])
        if (acked !== undefined) found.push({ ...this.scope, instanceId, revision: placeToWire(acked) });
    return found;
  }

  *#all(): Generator<LedgerClient> {
    for (const streams of this.#streams.values()) yield* streams;
  }

  /** Answers the instance's other streams; undefined: it is not counted here. */
  #remove(client: LedgerClient, { instanceId }: SyncPeer): readonly LedgerClient[] | undefined {
    const streams = this.#streams.get(instanceId);
    const index = streams?.indexOf(client) ?? -1;
    if (streams === undefined || index < 0) return undefined;
    streams.splice(index, 1);
    if (streams.length === 0) this.#streams.delete(instanceId);
    this.#clients -= 1;
    return streams;
  }

  /** It was here when the newest change came, and has not confirmed it. */
  #owes({ peer, acked }: LedgerClient): boolean {
    return peer !== undefined && isBefore(acked, this.#changed) && isBefore(peer.joined, this.#changed);
  }

  /** It came later, and has not confirmed it yet: nothing here speaks for what it owed before it came. */
  #isArriving(client: LedgerClient): boolean {
    return isBefore(client.acked, this.#changed) && !this.#owes(client);
  }
}

function boundIndex(ms: number): number {
  const index = DELIVERY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return index < 0 ? DELIVERY_BOUNDS_MS.length : index;
}

/** Newest first; what does not fit counts as older than all of it. */
function countByRevision(clients: readonly LedgerClient[]): Pick<EnvironmentReport, 'behind' | 'older'> {
  const counts = new Map<string, { readonly place: Place; clients: number }>();
  let last: { readonly place: Place; clients: number } | undefined;
  for (const { acked = ORIGIN } of clients) {
    // Most are where the one before is, for which no text need be made.
    if (last === undefined || comparePositions(acked, last.place) !== 0) {
      const name = formatPosition(acked);
      last = counts.get(name) ?? { place: acked, clients: 0 };
      counts.set(name, last);
    }
    last.clients += 1;
  }
  const sorted = [...counts.values()].sort((a, b) => comparePositions(b.place, a.place));
  const told = sorted.slice(0, LIMITS.reportedRevisionsMax);
  return {
    behind: told.map(({ place, clients }): RevisionClients => ({ revision: placeToWire(place), clients })),
    older: sorted.slice(told.length).reduce((sum, counted) => sum + counted.clients, 0),
  };
}

/** In the midst of a push all clients are behind: what is looked through once is not put in order as a whole. */
function mostUrgent(clients: readonly LedgerClient[], max: number): readonly LedgerClient[] {
  const first: LedgerClient[] = [];
  for (const client of clients) {
    if (first.length === max && (max === 0 || byUrgency(client, first[max - 1]!) >= 0)) continue;
    const index = first.findIndex((other) => byUrgency(client, other) < 0);
    first.splice(index < 0 ? first.length : index, 0, client);
    if (first.length > max) first.pop();
  }
  return first;
}

/** Those that refuse first, then those that are furthest behind, then those that were silent longest. */
function byUrgency(a: LedgerClient, b: LedgerClient): number {
  const refusals = Number(b.refusal !== undefined) - Number(a.refusal !== undefined);
  return refusals || comparePositions(a.acked ?? ORIGIN, b.acked ?? ORIGIN) || a.heardMs - b.heardMs;
}

function clientReport({ peer, acked, heardMs, refusal }: LedgerClient, nowMs: number): ClientReport {
  return {
    ...whoHas(peer!, acked, nowMs - heardMs),
    refusal: refusal === undefined ? 0 : nackCodeToWire(refusal.code),
    refusalDetail: refusal?.detail.slice(0, LIMITS.reportedDetailLengthMax) ?? '',
    owedRevision: 0n,
  };
}
