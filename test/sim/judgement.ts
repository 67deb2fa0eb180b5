/**
 * What everybody holds once the world is quiet.
 */
import { hex, type Position, samePosition } from '@flagstream/replica';
import { whoLacks } from './checkers/converged.ts';
import { fingerprint } from './checkers/fingerprint.ts';
import { isProven } from './checkers/fresh.ts';
import type { Holder } from './checkers/observation.ts';
import type { Cluster } from './cluster.ts';
import type { Client } from './nodes/client.ts';
import type { Evaluator } from './nodes/evaluator.ts';

export function holders({ evaluators, clients }: Cluster): readonly Holder[] {
  return [...evaluators.map(byEvaluator), ...clients.map(byClient)];
}

/** Everybody holds the head, from the usual source: there is nothing to wait for. */
export function isSettled(cluster: Cluster): boolean {
  const { controlPlane } = cluster;
  if (!controlPlane.up || controlPlane.log.writesStopped !== undefined) return false;
  const head = cluster.head();
  const isAt = (position: Position | undefined): boolean =>
    position !== undefined && samePosition(position, head);
  return (
    cluster.clients.every((one) => isAt(one.position) && one.freshness().source === 'live') &&
    cluster.evaluators.every((one) => isAt(one.position) && one.freshness().source === 'live')
  );
}

/** Nobody who is on the way to this place is still before it, and evaluators follow the control plane. */
export function arrivedWithoutNats(cluster: Cluster, place: Position): boolean {
  return whoLacks(place, holders(cluster), cluster.history.past) === undefined;
}

/** The control plane knows who there is: of what is written from now on, all can be told. */
export function isKnown({ controlPlane, evaluators }: Cluster): boolean {
  return controlPlane.up && controlPlane.fleet.knowsJust(evaluators.map(({ reports }) => reports.bootId));
}

/** Everybody is counted, and nobody owes the newest change. */
export function isConfirmed(cluster: Cluster): boolean {
  const rollout = cluster.controlPlane.up ? cluster.controlPlane.fleet.newest() : undefined;
  return rollout?.complete === true && rollout.departed === 0 && rollout.applied === cluster.clients.length;
}

/** What the control plane says once everybody had time to tell. */
export function judgeConfirmed({ controlPlane, clients }: Cluster): void {
  const rollout = controlPlane.fleet.newest();
  if (rollout !== undefined) controlPlane.fleet.observe(rollout, clients.length);
}

/** Everybody's bound is proven, and small. */
export function isCalm(cluster: Cluster): boolean {
  return [...cluster.evaluators, ...cluster.clients].every((one) => isProven(one.freshness()));
}

/** Bounds are proven, and who asks for the newest revision is answered. */
export function judgeCalm(cluster: Cluster): void {
  const { history } = cluster;
  history.observe({ type: 'calm', holders: holders(cluster) });
  const head = cluster.head();
  for (const evaluator of cluster.evaluators)
    history.observe({
      type: 'read-at-head',
      by: evaluator.name,
      answered: evaluator.evaluateAt(head, 0),
    });
}

export function judge(cluster: Cluster): void {
  cluster.history.observe({ type: 'quiet', head: cluster.head(), holders: holders(cluster) });
}

function byEvaluator(evaluator: Evaluator): Holder {
  const { state } = evaluator.follower;
  return {
    name: evaluator.name,
    kind: 'evaluator',
    position: state.position,
    fingerprint: fingerprint(state.entities()),
    digest: hex(state.digest),
    freshness: evaluator.freshness(),
  };
}

function byClient(client: Client): Holder {
  const { name, set } = client;
  const { hi, lo } = set.have()?.digest ?? { hi: 0n, lo: 0n };
  const sum = fingerprint(set.entities());
  return {
    name,
    kind: 'client',
    position: set.position,
    fingerprint: sum,
    digest: `${hi}.${lo}`,
    freshness: client.freshness(),
  };
}
