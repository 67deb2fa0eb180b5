/**
 * Clients of one environment that left while they owed a revision, by name
 * until they are back and have confirmed it.
 *
 * Holds true: nobody is left out of the count by being one of many. Those that
 * are told without a name are told by what they owed; those whose names are
 * forgotten go on being counted for as long as the process runs, for it could
 * not tell if one of them came back.
 */
import { LIMITS, placeToWire } from '@flagstream/protocol';
import type {
  ClientReport,
  EnvironmentReport,
  UnnamedClients,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import {
  comparePositions,
  formatPosition,
  isBefore,
  ORIGIN,
  type Place,
  type SyncPeer,
} from '@flagstream/replica';

export interface Departed {
  readonly peer: SyncPeer;
  readonly acked: Place | undefined;
  readonly owed: Place;
  readonly leftMs: number;
}

interface Unnamed {
  readonly acked: Place | undefined;
  readonly owed: Place;
  readonly clients: number;
}

type DepartedReport = Pick<EnvironmentReport, 'departed' | 'departedClients' | 'departedUnnamed'>;

export class DepartedClients {
  /** By instance, oldest first. */
  readonly #byName = new Map<string, Departed>();
  #forgotten: Unnamed = { acked: undefined, owed: ORIGIN, clients: 0 };
  /** How many of these others have taken over. */
  #counted = 0;

  get clients(): number {
    return this.#byName.size + this.#forgotten.clients;
  }

  add(departed: Departed): void {
    const { instanceId } = departed.peer;
    this.#byName.delete(instanceId);
    this.#byName.set(instanceId, departed);
    if (this.#byName.size <= LIMITS.departedClientsMax) return;
    const [oldest] = this.#byName.values();
    this.#byName.delete(oldest!.peer.instanceId);
    this.#forgotten = together([this.#forgotten, { ...oldest!, clients: 1 }]);
  }

  /** These owed a revision as well, as it turned out; again with each further one. */
  addAll(others: DepartedClients, owed: Place): void {
    for (const departed of others.#byName.values()) this.add({ ...departed, owed });
    if (others.#forgotten.clients === 0) return;
    const clients = others.#forgotten.clients - others.#counted;
    others.#counted = others.#forgotten.clients;
    this.#forgotten = together([this.#forgotten, { acked: undefined, owed, clients }]);
  }

  /** An instance of this name is here, and has this in force. */
  confirmed(instanceId: string, acked: Place): void {
    const departed = this.#byName.get(instanceId);
    if (departed !== undefined && !isBefore(acked, departed.owed)) this.#byName.delete(instanceId);
  }

  /** The newest by name. */
  report(nowMs: number, namesMax: number): DepartedReport {
    const all = [...this.#byName.values()];
    const named = all.slice(-namesMax);
    const unnamed = grouped(all.slice(0, all.length - named.length));
    if (this.#forgotten.clients > 0) unnamed.push(this.#forgotten);
    return {
      departed: named.map((departed) => departedReport(departed, nowMs)),
      departedClients: this.clients,
      departedUnnamed: bounded(unnamed).map(unnamedToWire),
    };
  }
}

export function whoHas(
  { instanceId, sdk }: SyncPeer,
  acked: Place | undefined,
  silentMs: number,
): Pick<ClientReport, 'instanceId' | 'sdk' | 'revision' | 'silentMs'> {
  return {
    instanceId,
    sdk: { ...sdk },
    revision: acked === undefined ? undefined : placeToWire(acked),
    silentMs: BigInt(Math.max(0, Math.round(silentMs))),
  };
}

function departedReport({ peer, acked, owed, leftMs }: Departed, nowMs: number): ClientReport {
  return {
    ...whoHas(peer, acked, nowMs - leftMs),
    refusal: 0,
    refusalDetail: '',
    owedRevision: BigInt(owed.revision),
  };
}

/** Those that had confirmed the same, and owed the same. */
function grouped(all: readonly Departed[]): Unnamed[] {
  const groups = new Map<string, Unnamed>();
  for (const { acked, owed } of all) {
    const key = `${formatPosition(acked ?? ORIGIN)} ${formatPosition(owed)}`;
    groups.set(key, { acked, owed, clients: (groups.get(key)?.clients ?? 0) + 1 });
  }
  return [...groups.values()];
}

function bounded(groups: readonly Unnamed[]): readonly Unnamed[] {
  const sorted = [...groups].sort((a, b) => comparePositions(b.owed, a.owed));
  const told = sorted.slice(0, LIMITS.reportedRevisionsMax);
  if (told.length === sorted.length) return told;
  const alone = told.slice(0, -1);
  return [...alone, together(sorted.slice(alone.length))];
}

/** As if each of them had confirmed nothing, and owed the newest that one did. */
function together(groups: readonly Unnamed[]): Unnamed {
  return groups.reduce(
    (all, { owed, clients }) => ({
      acked: undefined,
      owed: isBefore(all.owed, owed) ? owed : all.owed,
      clients: all.clients + clients,
    }),
    { acked: undefined, owed: ORIGIN, clients: 0 },
  );
}

function unnamedToWire({ acked, owed, clients }: Unnamed): UnnamedClients {
  return {
    revision: acked === undefined ? undefined : placeToWire(acked),
    owedRevision: BigInt(owed.revision),
    clients,
  };
}
