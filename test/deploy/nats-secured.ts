// A nats-server by deploy/nats/nats.conf, as it is but for paths, addresses and the nkeys, and its users.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  type ControlPlaneConfig,
  controlPlaneConfigSchema,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import { createLogger, type Logger } from '@flagstream/runtime';
import { connect, type NatsConnection, nkeyAuthenticator, nkeys } from 'nats';
import { readTracked } from '../repository/tracked-files.ts';
import { Admin } from '../support/admin.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { Shop } from '../system/shop.ts';

const CONFIG = 'deploy/nats/nats.conf';

export type NatsUser = 'CONTROL_PLANE' | 'EVALUATOR' | 'ADMIN';
const USERS: readonly NatsUser[] = ['CONTROL_PLANE', 'EVALUATOR', 'ADMIN'];

/** Subjects of answers, as each user may hear them. */
const INBOXES: Readonly<Record<NatsUser, string>> = {
  CONTROL_PLANE: '_INBOX_cp',
  EVALUATOR: '_INBOX_ev',
  ADMIN: '_INBOX_admin',
};

/** Somebody who is connected, and what the server refused. */
export interface NatsPerson {
  readonly connection: NatsConnection;
  readonly refusals: readonly unknown[];
}

export class SecuredNats {
  readonly folder: string;
  readonly authority: TestAuthority;
  readonly server: NatsServer;
  readonly seedFiles: Readonly<Record<NatsUser, string>>;
  readonly #seeds: Readonly<Record<NatsUser, Uint8Array>>;
  readonly logs: Readonly<Record<string, unknown>>[] = [];
  readonly logger: Logger = createLogger({
    level: 'debug',
    service: 'test',
    version: 'test',
    nodeId: 'test',
    destination: { write: (line) => void this.logs.push(JSON.parse(line) as Record<string, unknown>) },
  });

  private constructor(
    folder: string,
    authority: TestAuthority,
    server: NatsServer,
    seeds: Readonly<Record<NatsUser, Uint8Array>>,
  ) {
    this.folder = folder;
    this.authority = authority;
    this.server = server;
    this.#seeds = seeds;
    this.seedFiles = byUser((user) => {
      const file = path.join(folder, `${user}.nkey`);
      writeFileSync(file, seeds[user], { mode: 0o600 });
      return file;
    });
  }

  static async start(): Promise<SecuredNats> {
    const folder = tempDir('nats-secured');
    const authority = new TestAuthority();
    const ca = authority.writeTo(folder);
    const { certFile, keyFile } = authority.issueFiles(folder, 'server');
    const pairs = byUser(() => nkeys.createUser());
    const config = path.join(folder, 'nats.conf');
    const monitoring = await freePort();
    const text = readTracked(CONFIG)
      .replace('/etc/nats/tls/server.pem', certFile)
      .replace('/etc/nats/tls/server.key', keyFile)
      .replace('/etc/nats/tls/ca.pem', ca)
      .replace(/^http: .*$/m, `http: 127.0.0.1:${monitoring}`)
      .replace(/^ *store_dir: .*$/m, '')
      .replace(/\$NATS_NKEY_(\w+)/g, (_, user: NatsUser) => pairs[user].getPublicKey());
    writeFileSync(config, text);
    const server = await startNatsServer({ config });
    return new SecuredNats(
      folder,
      authority,
      server,
      byUser((user) => pairs[user].getSeed()),
    );
  }

  /** Settings of `nats` for a role. */
  settings(user: NatsUser): object {
    const { certFile, keyFile } = this.authority.issueFiles(this.folder, user);
    return {
      url: this.server.url,
      nkeySeedFile: this.seedFiles[user],
      tls: { caFile: path.join(this.folder, 'ca.pem'), certFile, keyFile },
    };
  }

  /** Somebody who has this user's secrets. */
  async connectAs(user: NatsUser): Promise<NatsPerson> {
    const { cert, key } = this.authority.issue(user);
    const connection = await connect({
      servers: this.server.url,
      authenticator: nkeyAuthenticator(this.#seeds[user]),
      tls: { ca: this.authority.cert, cert, key },
      inboxPrefix: INBOXES[user],
      reconnect: false,
    });
    hold({ what: `NATS as ${user}`, release: () => connection.close(), releaseNow: () => undefined });
    const refusals: unknown[] = [];
    const watch = async (): Promise<void> => {
      for await (const { type, permissionContext } of connection.status())
        if (type === 'error') refusals.push(permissionContext);
    };
    watch().catch((error: unknown) => refusals.push(error));
    return { connection, refusals };
  }

  async startControlPlane(more: Partial<Record<keyof ControlPlaneConfig, unknown>> = {}): Promise<Shop> {
    const config = controlPlaneConfigSchema.parse({
      data: path.join(this.folder, 'data'),
      grpcPort: 0,
      managementPort: 0,
      drainGraceMs: 1_000,
      nats: this.settings('CONTROL_PLANE'),
      ...more,
    });
    const running = await startControlPlane(config, { logger: this.logger });
    hold({ what: 'control plane', release: () => running.close(), releaseNow: () => undefined });
    return { running, admin: new Admin(running.grpcPort) };
  }

  /** One that knows NATS alone. */
  async startEvaluator(): Promise<RunningEvaluator> {
    const config = evaluatorConfigSchema.parse({
      grpcPort: 0,
      managementPort: 0,
      drainMs: 0,
      nats: this.settings('EVALUATOR'),
    });
    const running = await startEvaluator(config, { logger: this.logger });
    hold({ what: 'evaluator', release: () => running.close(), releaseNow: () => undefined });
    return running;
  }
}

function byUser<T>(make: (user: NatsUser) => T): Readonly<Record<NatsUser, T>> {
  return Object.fromEntries(USERS.map((user) => [user, make(user)])) as Record<NatsUser, T>;
}
