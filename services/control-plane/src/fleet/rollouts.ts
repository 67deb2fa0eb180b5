/** Who has which revision in force: the fleet's reports beside what the log says a revision changed. */
import {
  DELIVERY_BOUNDS_MS,
  environmentName,
  LIMITS,
  parseName,
  requireName,
  sumOfEngines,
  sumOfSdks,
} from '@flagstream/protocol';
import {
  type ClientReport,
  type EnvironmentClients,
  type EnvironmentReport,
  type FleetClient,
  type ListClientsResponse,
  type Node,
  NodeState,
  type Rollout,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { bytesEqual, ENTITY_KIND, type EntityChange, type Position } from '@flagstream/replica';
import { EVERYWHERE, forkedRevision, type Place, type Principal, permits } from '@flagstream/runtime';
import { revisionOf } from '../admin/present.ts';
import type { Reads } from '../admin/reads.ts';
import type { ChangeLog } from '../log/change-log.ts';
import type { History } from '../log/history.ts';
import { isOfLog } from '../log/own-position.ts';
import { type Delivered, type IsOurs, lacks } from './delivered.ts';
import type { Fleet, KnownNode } from './fleet.ts';
import { RecentChanges } from './recent-changes.ts';

export interface RolloutParts {
  readonly fleet: Fleet;
  readonly log: ChangeLog;
  readonly history: History;
  readonly reads: Reads;
  readonly monotonicMs: () => number;
  /** Monotonic: until then not every node need have reported. */
  readonly settledMs: number;
}

/** Nodes by name in an answer. */
const NODE_NAMES_MAX = 16;
/** Confirmations that took longer than the last bound. */
const BEYOND_MS = 60_000;

type Standing = Pick<EnvironmentClients, 'current' | 'arriving' | 'behind' | 'silent'>;

export class Rollouts {
  readonly #parts: RolloutParts;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
  }

  /**
   * Where a revision stands; absent: the newest.
   * @throws FlagstreamError REVISION_NOT_FOUND, REVISION_FORKED
   */
  target(revision: Revision | undefined): Position {
    const position = this.#parts.reads.positionAt(revision?.revision ?? 0n);
    if (revision === undefined) return position;
    const { epoch, hash } = revision;
    const isAnother =
      (epoch !== 0 && epoch !== position.epoch) || (hash.length > 0 && !bytesEqual(hash, position.hash));
    // What was withdrawn nobody can have in force, and what took its place was not asked about.
    if (isAnother) throw forkedRevision({ epoch, hash, revision: position.revision }, position);
    return position;
  }

  /** Of the environments that the caller may read. */
  rollout(target: Position, principal: Principal): Rollout {
    const { fleet, monotonicMs, settledMs } = this.#parts;
    const settling = monotonicMs() < settledMs;
    const places = this.#changedBy(target).filter((place) => permits(principal, 'read', place));
    const nodes = fleet.nodes(monotonicMs());
    const isOurs = this.#isOurs;
    const has = ({ report }: (typeof nodes)[number]): boolean =>
      report.applied !== undefined && !lacks(report, target, isOurs);
    const behind = nodes.filter((node) => !node.lost && !has(node));
    const lost = nodes.filter((node) => node.lost);
    const delivered = fleet.delivered(target, places, isOurs);
    const total = (count: (one: Delivered) => number): number =>
      delivered.reduce((sum, one) => sum + count(one), 0);
    const owing = total((one) => one.owing);
    return {
      revision: revisionOf(target),
      environments: places.map(({ project, environment }) => environmentName(project, environment)),
      nodes: nodes.length,
      nodesApplied: nodes.filter(has).length,
      nodesBehind: namesOf(behind),
      nodesLost: namesOf(lost),
      applied: total((one) => one.applied),
      owing,
      arriving: total((one) => one.arriving),
      departed: total((one) => one.departed),
      laggards: named(delivered, (one) => one.laggards),
      departedClients: named(delivered, (one) => one.departedClients),
      complete: !settling && nodes.length > 0 && behind.length === 0 && owing === 0,
      settling,
      ...percentiles(delivered.map(({ times }) => times)),
    };
  }

  nodes(): Node[] {
    const { fleet, log, monotonicMs } = this.#parts;
    const head = log.head();
    const changes = this.#recentChanges();
    return fleet
      .nodes(monotonicMs())
      .map((node): Node => {
        const { report, silentMs, lost } = node;
        const others = lost ? report.otherClients : report.otherOwing;
        const sum = (count: (one: (typeof report.environments)[number]) => number): number =>
          report.environments.reduce((all, one) => all + count(one), 0);
        const applied = Number(report.applied?.revision ?? 0n);
        return {
          nodeId: report.nodeId,
          state: lost ? NodeState.LOST : NodeState.LIVE,
          version: report.version,
          applied: report.applied,
          lag: BigInt(Math.max(0, head.revision - applied)),
          freshness: report.freshness,
          clients: sum(({ clients }) => clients) + report.otherClients,
          clientsBehind: sum((one) => one.clients - this.#standing(node, one, changes).current) + others,
          silentMs: BigInt(Math.round(silentMs)),
        };
      })
      .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }

  /**
   * By environment, of those that the caller may read.
   * @throws FlagstreamError INVALID_NAME, PERMISSION_DENIED, PROJECT_NOT_FOUND, ENVIRONMENT_NOT_FOUND
   */
  clients(parent: string, principal: Principal): ListClientsResponse {
    const { fleet, monotonicMs } = this.#parts;
    const scope = parent === '' ? {} : this.#scopeOf(parent, principal);
    const changes = this.#recentChanges();
    const all = new Map<string, EnvironmentClients>();
    const nodes = fleet.nodes(monotonicMs());
    for (const node of nodes)
      for (const one of node.report.environments) {
        const { report } = node;
        const place = { project: one.project, environment: one.environment };
        if (!inScope(place, scope) || !permits(principal, 'read', place)) continue;
        const environment = environmentName(place.project, place.environment);
        const sum = all.get(environment) ?? emptyClients(environment);
        const standing = this.#standing(node, one, changes);
        all.set(environment, {
          ...sum,
          clients: sum.clients + one.clients,
          current: sum.current + standing.current,
          arriving: sum.arriving + standing.arriving,
          behind: sum.behind + standing.behind,
          silent: sum.silent + standing.silent,
          departed: sum.departed + one.departedClients,
          sdks: sumOfSdks([...sum.sdks, ...one.sdks]),
          engines: sumOfEngines([...sum.engines, ...one.engines]),
          laggards: [...sum.laggards, ...clientsOf(report.nodeId, environment, one.laggards)].slice(
            0,
            LIMITS.fleetNamesMax,
          ),
          departedClients: [
            ...sum.departedClients,
            ...clientsOf(report.nodeId, environment, one.departed),
          ].slice(0, LIMITS.fleetNamesMax),
        });
      }
    const others = nodes.reduce((sum, { report }) => sum + report.otherClients, 0);
    return {
      environments: [...all.values()].sort((a, b) => (a.environment < b.environment ? -1 : 1)),
      // Of environments that their nodes had no room to tell apart: of which, nobody knows.
      otherClients: permits(principal, 'read', EVERYWHERE) ? others : 0,
    };
  }

  /** Nodes can be of another branch, as when this control plane was restored, or was copied and the copy wrote. */
  readonly #isOurs: IsOurs = ({ revision, hash }) =>
    isOfLog(this.#parts.log.store, { revision: Number(revision), hash });

  #recentChanges(): RecentChanges {
    const { log } = this.#parts;
    // Between two epochs there are revisions without a record.
    const isThere = (revision: number): boolean => log.store.recordAt(revision) !== undefined;
    return new RecentChanges(log.head().revision, (revision) =>
      isThere(revision) ? this.#changedBy({ revision }) : [],
    );
  }

  /** What a node's clients have, by its last report and by what it may not know: the log of now, and that it is silent. */
  #standing(
    { report, lost }: KnownNode,
    { project, environment, clients, current, arriving }: EnvironmentReport,
    changes: RecentChanges,
  ): Standing {
    const { applied } = report;
    const isUpToDate =
      applied !== undefined &&
      this.#isOurs(applied) &&
      !changes.since(Number(applied.revision), { project, environment });
    if (!isUpToDate) return { current: 0, arriving: 0, behind: clients, silent: 0 };
    const behind = clients - current - arriving;
    return lost
      ? { current: 0, arriving: 0, behind, silent: current + arriving }
      : { current, arriving, behind, silent: 0 };
  }

  /** A name that nothing has is a slip: it is told, instead of that nobody is there. */
  #scopeOf(parent: string, principal: Principal): Partial<Place> {
    const isProject = parseName(parent)?.kind === ENTITY_KIND.project;
    const kind = isProject ? ENTITY_KIND.project : ENTITY_KIND.environment;
    const { project, key } = requireName('parent', parent, kind);
    this.#parts.reads.for(principal).get(kind, parent, 0n);
    return isProject ? { project } : { project, environment: key };
  }

  /** Environments that a revision changed. */
  #changedBy({ revision }: Pick<Position, 'revision'>): Place[] {
    const { history, log } = this.#parts;
    const places = new Map<string, Place>();
    const add = (project: string, environment: string): void =>
      void places.set(`${project}/${environment}`, { project, environment });
    const projects = new Set<string>();
    for (const change of history.record(revision).changes.values()) {
      if (change.kind === ENTITY_KIND.flagConfig) add(change.project, change.environment);
      else if (change.kind === ENTITY_KIND.environment) add(change.project, change.key);
      else if (isShared(change)) projects.add(change.project);
    }
    for (const project of projects) {
      const query = { kind: ENTITY_KIND.environment, project, limit: Number.MAX_SAFE_INTEGER };
      for (const { change } of log.store.entities(query)) add(project, change.key);
    }
    return [...places.values()];
  }
}

/** All environments of its project have it. */
function isShared({ kind }: EntityChange): boolean {
  return kind === ENTITY_KIND.flag || kind === ENTITY_KIND.segment || kind === ENTITY_KIND.project;
}

function namesOf(nodes: readonly { readonly report: { readonly nodeId: string } }[]): string[] {
  return nodes.slice(0, NODE_NAMES_MAX).map(({ report }) => report.nodeId);
}

function named(
  delivered: readonly Delivered[],
  clients: (one: Delivered) => readonly ClientReport[],
): FleetClient[] {
  return delivered
    .flatMap((one) =>
      clientsOf(one.nodeId, environmentName(one.place.project, one.place.environment), clients(one)),
    )
    .slice(0, LIMITS.fleetNamesMax);
}

function clientsOf(nodeId: string, environment: string, clients: readonly ClientReport[]): FleetClient[] {
  return clients.map((client) => ({ nodeId, client, environment }));
}

/** Upper bounds of the counts' halves and hundredths. */
function percentiles(
  all: readonly (readonly number[])[],
): Pick<Rollout, 'confirmedP50Ms' | 'confirmedP99Ms'> {
  const counts = [...DELIVERY_BOUNDS_MS, BEYOND_MS].map((_, bound) =>
    all.reduce((sum, one) => sum + (one[bound] ?? 0), 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  const boundOf = (share: number): number => {
    let seen = 0;
    const bound = counts.findIndex((count) => {
      seen += count;
      return seen >= share * total;
    });
    return total === 0 ? 0 : (DELIVERY_BOUNDS_MS[bound] ?? BEYOND_MS);
  };
  return { confirmedP50Ms: boundOf(0.5), confirmedP99Ms: boundOf(0.99) };
}

function emptyClients(environment: string): EnvironmentClients {
  return {
    environment,
    clients: 0,
    current: 0,
    arriving: 0,
    behind: 0,
    silent: 0,
    departed: 0,
    sdks: [],
    engines: [],
    laggards: [],
    departedClients: [],
  };
}

function inScope(place: Place, { project, environment }: Partial<Place>): boolean {
  return (
    (project === undefined || place.project === project) &&
    (environment === undefined || place.environment === environment)
  );
}
