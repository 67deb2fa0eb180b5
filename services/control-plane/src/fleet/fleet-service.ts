/** FleetService: what evaluators tell of themselves, and what that says of a revision. */
import { fail, invalidField, LIMITS } from '@flagstream/protocol';
import {
  FleetServiceService,
  type ForgetNodeRequest,
  type ForgetNodeResponse,
  type GetRolloutRequest,
  type GetRolloutResponse,
  type ListClientsRequest,
  type ListClientsResponse,
  type ListNodesRequest,
  type ListNodesResponse,
  type ReportNodeRequest,
  type ReportNodeResponse,
  Rollout,
  type WatchRolloutRequest,
  type WatchRolloutResponse,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import {
  type CallContext,
  EVERYWHERE,
  requirePermission,
  type ServiceBinding,
  serverStream,
  unary,
  type Verb,
} from '@flagstream/runtime';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { revisionOf } from '../admin/present.ts';
import type { ChangeLog } from '../log/change-log.ts';
import { ready, sleepUntil } from '../sync/stream-pace.ts';
import type { Fleet } from './fleet.ts';
import type { NodeReports } from './node-reports.ts';
import type { Rollouts } from './rollouts.ts';

export interface FleetServiceParts {
  readonly reports: NodeReports;
  readonly fleet: Fleet;
  readonly rollouts: Rollouts;
  readonly log: ChangeLog;
  readonly monotonicMs: () => number;
}

const POLICY: Readonly<Record<keyof typeof FleetServiceService, Verb>> = {
  reportNode: 'log',
  listNodes: 'read',
  forgetNode: 'administer',
  listClients: 'read',
  getRollout: 'read',
  watchRollout: 'read',
};

/** Looked at again without a report: a node that is silent becomes lost. */
const LOOK_MS = 1_000;
/** Looks without anything new until it is said again, so that a watcher knows that it is heard. */
const QUIET_LOOKS_MAX = 10;
/** Reports come by nodes: a watcher sees them together. */
const GATHER_MS = 100;

export function fleetService({
  reports,
  fleet,
  rollouts,
  log,
  monotonicMs,
}: FleetServiceParts): ServiceBinding {
  return {
    definition: FleetServiceService,
    policy: POLICY,
    handlers: {
      reportNode: unary<ReportNodeRequest, ReportNodeResponse>(({ report }, { principal }) => {
        requirePermission(principal, 'log', EVERYWHERE);
        if (report === undefined) throw invalidField('report', 'is missing');
        return { wantedInstances: reports.take(report) };
      }),
      listNodes: unary<ListNodesRequest, ListNodesResponse>((_request, { principal }) => {
        requirePermission(principal, 'read', EVERYWHERE);
        return { nodes: rollouts.nodes(), head: revisionOf(log.head()) };
      }),
      forgetNode: unary<ForgetNodeRequest, ForgetNodeResponse>(({ nodeId }, { principal }) => {
        requirePermission(principal, 'administer', EVERYWHERE);
        const name = nodeId.slice(0, LIMITS.nodeIdLengthMax);
        switch (fleet.forget(nodeId, monotonicMs())) {
          case 'unknown':
            throw fail('NODE_NOT_FOUND', `no node "${name}" has reported`);
          case 'live':
            throw fail('NODE_LIVE', `node "${name}" lives: its clients would go uncounted`);
          case 'forgotten':
            return {};
        }
      }),
      listClients: unary<ListClientsRequest, ListClientsResponse>(({ parent }, { principal }) =>
        rollouts.clients(parent, principal),
      ),
      getRollout: unary<GetRolloutRequest, GetRolloutResponse>(({ revision }, { principal }) => ({
        rollout: rollouts.rollout(rollouts.target(revision), principal),
      })),
      watchRollout: serverStream<WatchRolloutRequest, WatchRolloutResponse>((request, stream, context) =>
        watchRollout(fleet, rollouts, request, stream, context),
      ),
    },
  };
}

async function watchRollout(
  fleet: Fleet,
  rollouts: Rollouts,
  { revision, follow }: WatchRolloutRequest,
  stream: ServerWritableStream<WatchRolloutRequest, WatchRolloutResponse>,
  { principal, signal }: CallContext,
): Promise<void> {
  if (follow && revision !== undefined) throw invalidField('follow', 'goes without a revision');
  const named = follow ? undefined : rollouts.target(revision);
  let told = '';
  let quiet = 0;
  while (await ready(stream, signal)) {
    const rollout = rollouts.rollout(named ?? rollouts.target(undefined), principal);
    const text = JSON.stringify(Rollout.toJSON(rollout));
    if (text !== told || quiet >= QUIET_LOOKS_MAX) {
      stream.write({ rollout });
      quiet = 0;
    }
    told = text;
    quiet += 1;
    await sleepUntil((wake) => fleet.onReport(wake), LOOK_MS, signal);
    await sleepUntil(() => () => undefined, GATHER_MS, signal);
  }
}
