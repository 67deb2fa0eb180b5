/** Who has a revision in force, for people. */
import type { FleetClient, Rollout } from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { oneLine } from './table.ts';

/** Names in one line; JSON has all that the server tells. */
const NAMES_SHOWN = 7;

/** "40,206 of 40,213 applied, p50 20 ms, p99 200 ms; 7 lag: a, b; node n2 is lost" */
export function rolloutLine(rollout: Rollout): string {
  const { applied, owing, arriving, departed, nodes, nodesApplied, nodesBehind, nodesLost } = rollout;
  const parts = [
    rollout.environments.length === 0
      ? 'it changed no environment that may be read here'
      : `${count(applied)} of ${count(applied + owing)} applied`,
  ];
  if (rollout.confirmedP50Ms > 0)
    parts[0] += `, p50 ${rollout.confirmedP50Ms} ms, p99 ${rollout.confirmedP99Ms} ms`;
  if (owing > 0) parts.push(`${count(owing)} lag${names(rollout.laggards, owing)}`);
  if (departed > 0)
    parts.push(`${count(departed)} left without confirming${names(rollout.departedClients, departed)}`);
  if (arriving > 0) parts.push(`${count(arriving)} arriving`);
  parts.push(`${nodesApplied} of ${nodes} nodes have it`);
  if (nodesBehind.length > 0) parts.push(`behind: ${nodesBehind.join(', ')}`);
  if (nodesLost.length > 0) parts.push(`lost: ${nodesLost.join(', ')}`);
  if (rollout.settling) parts.push('the control plane has just started and hears its nodes');
  else if (nodes === 0) parts.push('no evaluator has reported');
  return oneLine(parts.join('; '));
}

/** What a person can do about nodes that are lost; undefined: there are none. */
export function lostNodesHint({ nodesLost }: Rollout): string | undefined {
  const [first] = nodesLost;
  if (first === undefined) return undefined;
  return `clients of a lost node owe until it is back; if it will not be: flagstream nodes forget ${oneLine(first)}`;
}

function names(clients: readonly FleetClient[], total: number): string {
  if (clients.length === 0) return '';
  const shown = clients.slice(0, NAMES_SHOWN).map(clientWord);
  return `: ${shown.join(', ')}${total > shown.length ? `, and ${count(total - shown.length)} more` : ''}`;
}

/** "n1: worker-7 (e1.41, last seen 12 s ago)" */
export function clientAtNode(client: FleetClient): string {
  return oneLine(`${client.nodeId}: ${clientWord(client)}`);
}

/** Its names are what the client says: not fit for a terminal as they are. */
function clientWord({ client }: FleetClient): string {
  if (client === undefined) return '?';
  const { instanceId, revision, silentMs, refusal, refusalDetail } = client;
  const has = revision === undefined ? 'nothing yet' : `e${revision.epoch}.${revision.revision}`;
  const seen = `last seen ${Math.round(Number(silentMs) / 1000)} s ago`;
  const refuses = refusal === 0 ? '' : `, refuses: ${refusalDetail}`;
  return `${instanceId} (${has}, ${seen}${refuses})`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
