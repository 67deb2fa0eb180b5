// A control plane in this process with a real nats-server, and the three ways to its log.

import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { WatchLogSource } from '@flagstream/evaluator';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { LogSource } from '@flagstream/replica';
import { JetStreamSource } from '@flagstream/runtime';
import { credentials } from '@grpc/grpc-js';
import { Admin } from '../support/admin.ts';
import { freePort } from '../support/free-port.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unreadLogger } from '../support/unread-logger.ts';
import { openBus } from '../system/shop.ts';

export class Transports {
  readonly nats: NatsServer;
  readonly #data: string;
  readonly #port: number;
  readonly admin: Admin;
  #running: RunningControlPlane;

  private constructor(nats: NatsServer, data: string, port: number, running: RunningControlPlane) {
    this.nats = nats;
    this.#data = data;
    this.#port = port;
    this.#running = running;
    this.admin = new Admin(port);
    hold({ what: 'control plane', release: () => this.#running.close(), releaseNow: () => undefined });
  }

  static async start(): Promise<Transports> {
    const nats = await startNatsServer();
    const data = tempDir('transports');
    const port = await freePort();
    return new Transports(nats, data, port, await start(nats, data, port));
  }

  get running(): RunningControlPlane {
    return this.#running;
  }

  async restartControlPlane(): Promise<void> {
    await this.#running.close();
    this.#running = await start(this.nats, this.#data, this.#port);
  }

  inProcess(): LogSource {
    return this.#running.logSource;
  }

  async jetStream(): Promise<LogSource> {
    return new JetStreamSource(await openBus(this.nats), unreadLogger);
  }

  watchLog(): LogSource {
    const client = new LogServiceClient(`127.0.0.1:${this.#port}`, credentials.createInsecure());
    hold({ what: 'log client', release: async () => client.close(), releaseNow: () => client.close() });
    return new WatchLogSource(client, Math.random);
  }
}

function start({ url, prefix }: NatsServer, data: string, grpcPort: number): Promise<RunningControlPlane> {
  const config = { data, grpcPort, managementPort: 0, drainGraceMs: 500, nats: { url, prefix } };
  return startControlPlane(controlPlaneConfigSchema.parse(config), { logger: unreadLogger });
}
