// A whole installation as real processes: a nats-server, a control plane, evaluators, on free ports.

import { Admin } from './admin.ts';
import { startFlagstream } from './flagstream.ts';
import { freePort } from './free-port.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';
import type { TestProcess } from './process.ts';
import { tempDir } from './temp-dir.ts';

export interface RunningNode {
  readonly process: TestProcess;
  readonly grpcPort: number;
  readonly managementPort: number;
}

export class Installation {
  readonly nats: NatsServer;
  readonly dataDir: string;
  readonly #controlPlanePorts: { readonly grpc: number; readonly management: number };
  controlPlane: RunningNode;
  readonly admin: Admin;
  readonly evaluators: RunningNode[] = [];

  private constructor(
    nats: NatsServer,
    dataDir: string,
    ports: { readonly grpc: number; readonly management: number },
    controlPlane: RunningNode,
  ) {
    this.nats = nats;
    this.dataDir = dataDir;
    this.#controlPlanePorts = ports;
    this.controlPlane = controlPlane;
    this.admin = new Admin(ports.grpc);
  }

  /** @param settings of the evaluators, as words of the command line */
  static async start(options: {
    readonly evaluators: number;
    readonly settings?: readonly string[];
  }): Promise<Installation> {
    const nats = await startNatsServer();
    const dataDir = tempDir('installation');
    const ports = { grpc: await freePort(), management: await freePort() };
    const controlPlane = await startControlPlane(nats, dataDir, ports);
    const installation = new Installation(nats, dataDir, ports, controlPlane);
    await Promise.all(
      Array.from({ length: options.evaluators }, () => installation.addEvaluator(options.settings)),
    );
    return installation;
  }

  async addEvaluator(settings: readonly string[] = []): Promise<RunningNode> {
    const grpcPort = await freePort();
    const managementPort = await freePort();
    const process = startFlagstream([
      'serve',
      '--role=evaluator',
      `--grpc-port=${grpcPort}`,
      `--management-port=${managementPort}`,
      `--nats-url=${this.nats.url}`,
      `--nats-prefix=${this.nats.prefix}`,
      `--control-plane-address=127.0.0.1:${this.#controlPlanePorts.grpc}`,
      ...settings,
    ]);
    await process.waitForReady(managementPort);
    const node = { process, grpcPort, managementPort };
    this.evaluators.push(node);
    return node;
  }

  /** `kill -9`. */
  async crashControlPlane(): Promise<void> {
    await this.controlPlane.process.kill('SIGKILL');
  }

  async restartControlPlane(): Promise<void> {
    this.controlPlane = await startControlPlane(this.nats, this.dataDir, this.#controlPlanePorts);
  }
}

async function startControlPlane(
  nats: NatsServer,
  dataDir: string,
  ports: { readonly grpc: number; readonly management: number },
): Promise<RunningNode> {
  const process = startFlagstream([
    'serve',
    '--role=control-plane',
    `--data=${dataDir}`,
    `--grpc-port=${ports.grpc}`,
    `--management-port=${ports.management}`,
    `--nats-url=${nats.url}`,
    `--nats-prefix=${nats.prefix}`,
  ]);
  await process.waitForReady(ports.management);
  return { process, grpcPort: ports.grpc, managementPort: ports.management };
}
