/**
 * The connection to NATS, kept for ever: the first attempt and any later end
 * are followed by another attempt, with jitter. nats.js does not reconnect by
 * itself: it would queue what is sent meanwhile, and leave open the sockets of
 * servers that accept and say nothing. Nobody gets the link while it is down,
 * so nothing is sent late.
 */
import { LIMITS, messageOf } from '@flagstream/protocol';
import { Backoff } from '@flagstream/replica';
import {
  type Authenticator,
  type ConnectionOptions,
  DebugEvents,
  Events,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
} from 'nats';
import type { Logger } from '../log/logger.ts';
import type { ConnectionTls } from '../tls/tls-files.ts';
import type { BusStatus } from './bus.ts';
import { awaitGreeting } from './nats-greeting.ts';
import { connectNats } from './nats-transport.ts';
import { wakeablePause } from './wakeable-pause.ts';

export interface NatsCredentials {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** Signs what the server asks to sign, in place of what stands above. */
  readonly authenticator?: Authenticator;
  /** With it a server that speaks plaintext is refused. */
  readonly tls?: ConnectionTls;
}

export interface NatsLinkOptions {
  /** Asked for each attempt to connect. Absent: what the URL holds, in plaintext. */
  readonly credentials?: (() => NatsCredentials) | undefined;
  /** `nats://host:port`, several separated by commas; may hold user and password. */
  readonly url: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly logger: Logger;
  /** Subjects of answers start with it, so that a server can keep users apart. Default `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Longest wait for any answer of the server, in milliseconds. */
  readonly timeoutMs: number;
  /** A connection over which nothing comes is given up within 2.5 of these, in milliseconds. Default 1,000, as head beacons. */
  readonly heartbeatMs?: number;
}

/** A live connection. */
export interface Link {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
}

const RECONNECT = { baseMs: 100, capMs: 2_000 } as const;

/**
 * A half-open connection gives no error: only pings that are not answered tell.
 * One that dies just after an answer is noticed after as many intervals as
 * pings may be outstanding, and one more: these take the time in which a peer
 * counts as dead, less half a heartbeat for a late timer. A pause of this
 * process or of the server of 1.5 heartbeats is forgiven.
 */
const PINGS_OUTSTANDING_MAX = 3;
const NOTICED_HEARTBEATS = LIMITS.heartbeatsMissedMax - 0.5;
const PING_HEARTBEATS = NOTICED_HEARTBEATS / (PINGS_OUTSTANDING_MAX + 1);

export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #listeners = new Set<(status: BusStatus) => void>();
  readonly #backoff = new Backoff(RECONNECT, Math.random);
  #link: Link | undefined;
  #up = false;
  #closed = false;
  #everConnected = false;
  #serverVersion = '';
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: NatsLinkOptions) {
    this.#options = options;
  }

  get heartbeatMs(): number {
    return this.#options.heartbeatMs ?? LIMITS.beaconMs;
  }

  get serverVersion(): string {
    return this.#serverVersion;
  }

  /** The connection, while it is up. */
  get current(): Link | undefined {
    return this.#up ? this.#link : undefined;
  }

  /** Returns how to stop. Listeners hear of what happens after this call. */
  onStatus(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts trying; resolves after the first attempt, whatever came of it. */
  async open(): Promise<void> {
    const first = this.#attempt();
    this.#running = first.then(() => this.#keep());
    await first;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#link?.nc.close();
    await this.#running;
  }

  async #keep(): Promise<void> {
    while (!this.#closed) {
      const link = this.#link;
      if (link === undefined) {
        await this.#pause(this.#backoff.nextMs());
        if (!this.#closed) await this.#attempt();
        continue;
      }
      const error = await link.nc.closed();
      this.#link = undefined;
      this.#down(error instanceof Error ? error.message : 'connection closed');
    }
  }

  async #attempt(): Promise<void> {
    const { logger, url, timeoutMs } = this.#options;
    try {
      const options = connectionOptions(this.#options, this.heartbeatMs);
      const nc = await connectNats({
        ...options,
        servers: [...(await greeting(options.servers, timeoutMs))],
      });
      const js = nc.jetstream({ timeout: timeoutMs });
      const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
      this.#link = { nc, js, jsm };
      this.#backoff.reset();
      if (this.#closed) {
        await nc.close();
        return;
      }
      this.#follow(nc);
      this.#connected(nc);
    } catch (err) {
      const detail = messageOf(err);
      logger.warn(
        { url: withoutCredentials(url), attempt: this.#backoff.attempts, detail },
        'NATS is not reachable',
      );
    }
  }

  /** Watches one connection until it is closed. */
  #follow(nc: NatsConnection): void {
    const watch = async (): Promise<void> => {
      for await (const status of nc.status()) {
        if (status.type === Events.Disconnect) this.#down(String(status.data));
        else if (status.type === DebugEvents.StaleConnection) await this.#giveUp(nc);
        else if (status.type === Events.Error) {
          this.#options.logger.warn(
            { detail: status.data, permission: status.permissionContext },
            'NATS error',
          );
        }
      }
    };
    watch().catch((err: unknown) => this.#options.logger.error({ err }, 'NATS status ended'));
  }

  /**
   * Nothing comes any more. nats.js would first send what waits, for ever when
   * nobody takes it: this connection is closed, and the next attempt makes
   * another.
   */
  async #giveUp(nc: NatsConnection): Promise<void> {
    this.#down('pings are not answered');
    await nc.close();
  }

  #connected(nc: NatsConnection): void {
    this.#up = true;
    this.#serverVersion = nc.info?.version ?? '';
    const kind = this.#everConnected ? 'reconnected' : 'connected';
    this.#everConnected = true;
    const detail = `${nc.getServer()}, nats-server ${this.#serverVersion}`;
    this.#options.logger.info(
      { server: nc.getServer(), server_version: this.#serverVersion },
      `NATS ${kind}`,
    );
    this.#tell({ kind, detail });
  }

  #down(detail: string): void {
    if (!this.#up) return;
    this.#up = false;
    if (this.#closed) return;
    this.#options.logger.warn({ detail }, 'NATS disconnected');
    this.#tell({ kind: 'disconnected', detail });
  }

  #tell(status: BusStatus): void {
    for (const listener of [...this.#listeners]) listener(status);
  }

  #pause(ms: number): Promise<void> {
    const { over, wake } = wakeablePause(ms);
    this.#wake = wake;
    return over;
  }
}

/** Those that speak. @throws what is wrong with the last one when none does */
async function greeting(servers: readonly string[], timeoutMs: number): Promise<readonly string[]> {
  const asked = await Promise.allSettled(servers.map((server) => awaitGreeting(server, timeoutMs)));
  const speaking = servers.filter((_, i) => asked[i]?.status === 'fulfilled');
  const last = asked.at(-1);
  if (speaking.length === 0 && last?.status === 'rejected') throw last.reason;
  return speaking;
}

type OurConnectionOptions = ConnectionOptions & { readonly servers: readonly string[] };

function connectionOptions(options: NatsLinkOptions, heartbeatMs: number): OurConnectionOptions {
  const servers = options.url.split(',').map((server) => server.trim());
  const inUrl = credentialsIn(servers[0] ?? '');
  const given = options.credentials?.() ?? {};
  const user = given.user ?? inUrl.user;
  const password = given.password ?? inUrl.password;
  const token = given.token ?? inUrl.token;
  return {
    servers: servers.map(withoutCredentials),
    name: options.name,
    timeout: options.timeoutMs,
    reconnect: false,
    pingInterval: heartbeatMs * PING_HEARTBEATS,
    maxPingOut: PINGS_OUTSTANDING_MAX,
    noAsyncTraces: true,
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(given.authenticator === undefined ? {} : { authenticator: given.authenticator }),
    ...(given.tls === undefined ? {} : { tls: given.tls }),
  };
}

/** nats.js does not read them from the URL. `nats://token@host` is a token. */
function credentialsIn(server: string): NatsCredentials {
  const userInfo = /^(?:[a-z]+:\/\/)?([^@/]+)@/.exec(server)?.[1];
  if (userInfo === undefined) return {};
  const [user = '', password] = userInfo.split(':').map(decodeURIComponent);
  return password === undefined ? { token: user } : { user, password };
}

function withoutCredentials(server: string): string {
  return server.replace(/^([a-z]+:\/\/)?[^@/]+@/, '$1');
}
