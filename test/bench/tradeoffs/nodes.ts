// Real processes of one installation with settings of their own.

import { randomBytes } from 'node:crypto';
import { startFlagstream } from '../../support/flagstream.ts';
import { freePort } from '../../support/free-port.ts';
import type { TestProcess } from '../../support/process.ts';

export interface StartedNode {
  readonly process: TestProcess;
  readonly grpcPort: number;
  readonly managementPort: number;
}

export interface NodePlace {
  readonly natsUrl: string;
  /** Nobody else's: measurements share one nats-server. */
  readonly prefix: string;
}

export const newPrefix = (): string => `b${randomBytes(5).toString('hex')}`;

export async function startControlPlane(
  { natsUrl, prefix }: NodePlace,
  dataDir: string,
  settings: readonly string[] = [],
): Promise<StartedNode> {
  return startRole('control-plane', [
    `--data=${dataDir}`,
    `--nats-url=${natsUrl}`,
    `--nats-prefix=${prefix}`,
    ...settings,
  ]);
}

export async function startEvaluator(
  { natsUrl, prefix }: NodePlace,
  controlPlane: StartedNode,
  settings: readonly string[] = [],
): Promise<StartedNode> {
  return startRole('evaluator', [
    `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
    `--nats-url=${natsUrl}`,
    `--nats-prefix=${prefix}`,
    ...settings,
  ]);
}

async function startRole(role: string, settings: readonly string[]): Promise<StartedNode> {
  const [grpcPort, managementPort] = [await freePort(), await freePort()];
  const process = startFlagstream([
    'serve',
    `--role=${role}`,
    `--grpc-port=${grpcPort}`,
    `--management-port=${managementPort}`,
    ...settings,
  ]);
  await process.waitForReady(managementPort);
  return { process, grpcPort, managementPort };
}
