// A control plane and evaluators on real ports in this process, and what the control plane knows of their clients.

import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import {
  FleetServiceClient,
  GetRolloutRequest,
  type Node,
  type Rollout,
} from '@flagstream/protocol/gen/flagstream/v1/fleet';
import { credentials } from '@grpc/grpc-js';
import { Admin } from '../support/admin.ts';
import { callUnary } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { until } from '../support/until.ts';
import { ThinClient } from './thin-client.ts';

/** A thousand connections of one process beside other tests: only what hangs takes so long. */
const CONNECT_MS = 60_000;

export class DeliverySite {
  readonly admin: Admin;
  readonly fleet: FleetServiceClient;
  readonly #controlPlane: RunningControlPlane;

  private constructor(controlPlane: RunningControlPlane) {
    this.#controlPlane = controlPlane;
    this.admin = new Admin(controlPlane.grpcPort);
    this.fleet = new FleetServiceClient(`127.0.0.1:${controlPlane.grpcPort}`, credentials.createInsecure());
    hold({ what: 'fleet client', release: () => this.fleet.close(), releaseNow: () => undefined });
  }

  /** Where evaluators follow the log. */
  get controlPlanePort(): number {
    return this.#controlPlane.grpcPort;
  }

  static async start(): Promise<DeliverySite> {
    const config = controlPlaneConfigSchema.parse({
      grpcPort: 0,
      managementPort: 0,
      data: tempDir('delivery'),
      drainGraceMs: 100,
    });
    const running = await startControlPlane(config, { logger: unreadLogger, fleetSettleMs: 0 });
    hold({ what: 'control plane', release: () => running.close(), releaseNow: () => undefined });
    return new DeliverySite(running);
  }

  /** Of the control plane. */
  get address(): string {
    return `127.0.0.1:${this.controlPlanePort}`;
  }

  async startEvaluator(nodeId: string): Promise<RunningEvaluator> {
    const running = await launchEvaluator(nodeId, this.controlPlanePort);
    await running.ready();
    return running;
  }

  /** Clients that hold the newest state. */
  async connect(port: number, count: number, name = 'client'): Promise<ThinClient[]> {
    const clients = Array.from({ length: count }, (_, index) => new ThinClient(port, `${name}-${index}`));
    for (const client of clients)
      hold({ what: client.instanceId, release: () => client.vanish(), releaseNow: () => undefined });
    await until(() => clients.every(({ revision }) => revision > 0), {
      what: `${count} clients to be current`,
      timeoutMs: CONNECT_MS,
    });
    return clients;
  }

  /** @param epoch 0: whichever it is of */
  async rollout(revision: number, epoch = 0): Promise<Rollout> {
    const request = GetRolloutRequest.fromPartial({ revision: { epoch, revision: BigInt(revision) } });
    return (await callUnary(this.fleet, this.fleet.getRollout, request)).rollout!;
  }

  async nodes(): Promise<Node[]> {
    return (await callUnary(this.fleet, this.fleet.listNodes, {})).nodes;
  }

  /** Until the control plane says this of a revision. */
  until(revision: number, says: (rollout: Rollout) => boolean, what: string): Promise<Rollout> {
    return until(
      async () => {
        const rollout = await this.rollout(revision);
        return says(rollout) ? rollout : undefined;
      },
      { what, timeoutMs: 30_000 },
    ) as Promise<Rollout>;
  }
}

/** It need not be ready yet. */
export async function launchEvaluator(
  nodeId: string,
  controlPlanePort: number,
  { grpcPort = 0, cacheDir }: { readonly grpcPort?: number; readonly cacheDir?: string } = {},
): Promise<RunningEvaluator> {
  const config = evaluatorConfigSchema.parse({
    nodeId,
    grpcPort,
    managementPort: 0,
    drainMs: 50,
    controlPlane: { address: `127.0.0.1:${controlPlanePort}` },
    cache: { dir: cacheDir },
  });
  const running = await startEvaluator(config, { logger: unreadLogger });
  hold({ what: `evaluator ${nodeId}`, release: () => running.close(), releaseNow: () => undefined });
  return running;
}
