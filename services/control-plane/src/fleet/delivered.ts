/**
 * What one node's report says of a revision: how many of its clients have it,
 * owe it, or left owing it. Pure.
 */
import type {
  ClientReport,
  EnvironmentReport,
  NodeReport,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import type { Revision } from '@flagstream/protocol/gen/flagstream/v1/model';
import { isBefore, ORIGIN, type Place as Position } from '@flagstream/replica';
import type { Place } from '@flagstream/runtime';

/** What is known of one environment at one node about a revision. */
export interface Delivered {
  readonly nodeId: string;
  readonly place: Place;
  readonly applied: number;
  readonly owing: number;
  readonly arriving: number;
  readonly departed: number;
  readonly laggards: readonly ClientReport[];
  readonly departedClients: readonly ClientReport[];
  /** Of LIMITS' bounds: how long confirmations took. */
  readonly times: readonly number[];
}

/** Whether what a node applied is of the log of now: two branches have revisions of the same number. */
export type IsOurs = (applied: Revision) => boolean;

/** A node has not got as far as the revision, or follows another branch. */
export function lacks({ applied }: NodeReport, target: Position, isOurs: IsOurs): boolean {
  return isBefore(positionOf(applied), target) || (applied !== undefined && !isOurs(applied));
}

type Counts = Omit<Delivered, 'nodeId' | 'place'>;

export interface Known {
  readonly target: Position;
  /** The node did not have it. */
  readonly lacks: boolean;
  /** A client is at another node, and has confirmed it there. */
  readonly isBack: (client: ClientReport) => boolean;
}

export function ofNode(
  environment: EnvironmentReport,
  { target, lacks, isBack }: Known,
  gone: number,
): Counts {
  const departed = departedOf(environment, target, isBack);
  const { clients } = environment;
  const { away, back } = namedIn(environment, target, isBack);
  const owed = (lacks ? clients : owingIn(environment, target)) - back;
  const counts = countsWithout(environment, owed, Math.max(gone, back));
  const owing = owingOf(counts);
  return {
    ...departed,
    applied: lacks ? 0 : counts.current,
    owing,
    arriving: lacks ? 0 : counts.arriving,
    // Fewer owe it than were named: which of them are elsewhere is being asked.
    laggards: away.length > owing ? [] : away,
    times: lacks ? [] : timesOf(environment, target),
  };
}

/** Its clients have left, those that owed with the rest. */
export function ofEnded(
  { leaving }: NodeReport,
  environment: EnvironmentReport,
  { target, lacks, isBack }: Known,
  gone: number,
): Counts {
  const departed = departedOf(environment, target, isBack);
  const { away, back } = namedIn(environment, target, isBack);
  const owed = leaving ? 0 : (lacks ? environment.clients : owingIn(environment, target)) - back;
  const left = owingOf(countsWithout(environment, owed, Math.max(gone, back)));
  return {
    applied: 0,
    owing: 0,
    arriving: 0,
    departed: departed.departed + left,
    laggards: [],
    departedClients: [...departed.departedClients, ...(away.length > left ? [] : away)],
    times: [],
  };
}

/** Clients of a node that nothing is told of by name or revision. */
export function nobodyBut(
  nodeId: string,
  place: Place,
  counts: Partial<Pick<Counts, 'owing' | 'departed'>>,
): Delivered {
  const none = {
    applied: 0,
    owing: 0,
    arriving: 0,
    departed: 0,
    laggards: [],
    departedClients: [],
    times: [],
  };
  return { nodeId, place, ...none, ...counts };
}

/**
 * Clients of environments that the report had no room for: of which of them is not known, so they count for the first
 * place that is not told; none where all of these clients have the newest change.
 */
export function untold(
  report: NodeReport,
  places: readonly Place[],
  target: Position,
  isOurs: IsOurs,
  as: 'owing' | 'departed',
): Delivered[] {
  const { nodeId, leaving, otherClients, otherOwing } = report;
  const place = places.find((one) => environmentIn(report, one) === undefined);
  const clients = lacks(report, target, isOurs) && !leaving ? Math.max(otherClients, otherOwing) : otherOwing;
  return place === undefined || clients === 0 ? [] : [nobodyBut(nodeId, place, { [as]: clients })];
}

export function environmentIn(
  { environments }: NodeReport,
  { project, environment }: Place,
): EnvironmentReport | undefined {
  return environments.find((each) => each.project === project && each.environment === environment);
}

/** Of those that its node named: who has not confirmed the revision anywhere, and how many have elsewhere. */
function namedIn(
  { laggards }: EnvironmentReport,
  target: Position,
  isBack: (client: ClientReport) => boolean,
): { readonly away: readonly ClientReport[]; readonly back: number } {
  const named = laggards.filter(({ revision }) => isBefore(positionOf(revision), target));
  const away = named.filter((client) => !isBack(client));
  return { away, back: named.length - away.length };
}

type ClientCounts = Pick<EnvironmentReport, 'clients' | 'current' | 'arriving'>;

/**
 * What is left of a node's clients when so many are counted elsewhere. Which of
 * them those are is not known: who owes stays as long as anybody does.
 */
export function countsWithout(
  { clients, arriving }: ClientCounts,
  owing: number,
  gone: number,
): ClientCounts {
  const left = clients - gone;
  const stillOwing = Math.min(Math.max(0, owing), left);
  const stillArriving = Math.min(arriving, left - stillOwing);
  return { clients: left, current: left - stillOwing - stillArriving, arriving: stillArriving };
}

export function owingOf({ clients, current, arriving }: ClientCounts): number {
  return clients - current - arriving;
}

function owingIn({ behind, older }: EnvironmentReport, target: Position): number {
  return behind.reduce(
    (sum, { revision, clients }) => (isBefore(positionOf(revision), target) ? sum + clients : sum),
    older,
  );
}

function departedOf(
  { departed, departedUnnamed }: EnvironmentReport,
  target: Position,
  isBack: (client: ClientReport) => boolean,
): Pick<Counts, 'departed' | 'departedClients'> {
  const owes = ({ revision, owedRevision }: Pick<ClientReport, 'revision' | 'owedRevision'>): boolean =>
    isBefore(positionOf(revision), target) && owedRevision >= BigInt(target.revision);
  const away = departed.filter((client) => owes(client) && !isBack(client));
  const unnamed = departedUnnamed.filter(owes).reduce((sum, { clients }) => sum + clients, 0);
  return { departed: away.length + unnamed, departedClients: away };
}

/** Of the change that brought the revision, or of the first one after it that was served with it. */
function timesOf({ times }: EnvironmentReport, target: Position): readonly number[] {
  const sorted = [...times].sort((a, b) => Number(a.revision - b.revision));
  return sorted.find(({ revision }) => revision >= BigInt(target.revision))?.counts ?? [];
}

export function positionOf(revision: Revision | undefined): Position {
  return revision === undefined ? ORIGIN : { epoch: revision.epoch, revision: Number(revision.revision) };
}
