// A real nats-server with JetStream on loopback, one per caller, with its own store and port.
//
// With NATS_URL set the given server is used instead: every test then works under its own random
// prefix, and the server can be neither stopped nor restarted (requires-nats.ts skips those tests).

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { hold } from './resources.ts';
import { tempDir } from './temp-dir.ts';
import { until } from './until.ts';

export interface NatsServerOptions {
  /** JetStream's folder. Default: a new one that is removed after the test file. */
  readonly storeDir?: string;
  readonly port?: number;
  /** Path of a nats-server configuration file, read beside the command line. */
  readonly config?: string;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** For example "2.15.1". */
  readonly version: string;
  /** A subject and stream prefix nobody else uses. */
  readonly prefix: string;
  /** undefined while stopped, and for a server given by NATS_URL. */
  readonly pid: number | undefined;
  readonly storeDir: string | undefined;
  /** Ends the server and waits until it is gone. SIGKILL is a crash. Default SIGTERM. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port and store (stops it first if it runs). */
  restart(): Promise<void>;
}

const FETCHER: string = path.resolve(import.meta.dirname, '../../scripts/fetch-nats-server.mjs');
const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 2_000;

/** Starts a server and waits until it takes connections and JetStream answers. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const given = givenUrl();
  if (given !== undefined) return useGivenServer(given);
  const server = new OwnServer(await natsBinary(), {
    ...options,
    port: options.port ?? (await freePort()),
    storeDir: options.storeDir ?? tempDir('nats'),
  });
  await server.restart();
  return server;
}

/** NATS_URL, when set. */
export function givenUrl(): string | undefined {
  const url = process.env['NATS_URL'];
  return url === undefined || url === '' ? undefined : url;
}

/** The version of the server the tests would get. Throws when there is none and none can be fetched. */
export async function natsVersion(): Promise<string> {
  const given = givenUrl();
  if (given !== undefined) return (await readServerInfo(given)).version;
  const { stdout } = await promisify(execFile)(await natsBinary(), ['--version']);
  const version = /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`nats-server --version printed ${JSON.stringify(stdout)}`);
  return version;
}

let binary: Promise<string> | undefined;

/** Found or fetched once per test file. */
function natsBinary(): Promise<string> {
  binary ??= promisify(execFile)(process.execPath, [FETCHER]).then(
    ({ stdout }) => stdout.trim(),
    (error: { stderr?: string; message: string }) => {
      throw new Error(error.stderr || error.message);
    },
  );
  return binary;
}

async function useGivenServer(url: string): Promise<NatsServer> {
  const { version } = await readServerInfo(url);
  const refuse = (): Promise<never> =>
    Promise.reject(new Error('the server named by NATS_URL is not ours to stop'));
  return {
    url,
    port: portOf(url),
    version,
    prefix: randomPrefix(),
    pid: undefined,
    storeDir: undefined,
    stop: refuse,
    restart: refuse,
  };
}

class OwnServer implements NatsServer {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  readonly prefix: string = randomPrefix();
  readonly #binary: string;
  readonly #config: string | undefined;
  #version = '';
  #child: ChildProcess | undefined;
  #release: (() => void) | undefined;
  #output = '';

  constructor(binaryPath: string, options: NatsServerOptions & { port: number; storeDir: string }) {
    this.#binary = binaryPath;
    this.#config = options.config;
    this.port = options.port;
    this.storeDir = options.storeDir;
    this.url = `nats://127.0.0.1:${options.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get version(): string {
    return this.#version;
  }

  async restart(): Promise<void> {
    await this.stop();
    const child = spawn(this.#binary, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#output = '';
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-8_192);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => keep(Buffer.from(error.message)));
    this.#child = child;
    this.#release = hold({
      what: `nats-server ${child.pid}`,
      release: () => this.stop(),
      releaseNow: () => child.kill('SIGKILL'),
    });
    await this.#ready(child);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
      child.kill(signal);
      await gone;
    }
    this.#release?.();
  }

  #arguments(): string[] {
    const fixed = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.storeDir];
    return this.#config === undefined ? fixed : [...fixed, '-c', this.#config];
  }

  /** JetStream recovers its store before the server says that it is ready, so waiting for that line is enough. */
  async #ready(child: ChildProcess): Promise<void> {
    const state = await until(
      () => {
        if (child.pid === undefined || child.exitCode !== null) return 'ended';
        return this.#output.includes('Server is ready') ? 'ready' : undefined;
      },
      { what: `nats-server on port ${this.port}`, timeoutMs: READY_TIMEOUT_MS },
    );
    if (state === 'ended') throw new Error(`nats-server ended at once; its output:\n${this.#output}`);
    this.#version = /Version:\s+(\S+)/.exec(this.#output)?.[1] ?? '';
  }
}

/** The INFO line that every nats-server sends first. */
function readServerInfo(url: string): Promise<{ version: string }> {
  const { hostname } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: portOf(url) });
    let received = '';
    const finish = (act: () => void): void => {
      socket.destroy();
      act();
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => finish(() => reject(new Error(`no INFO from ${url}`))));
    socket.once('error', (error) => finish(() => reject(error)));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      const line = /^INFO (\{.*\})\s*\r\n/.exec(received);
      if (line?.[1] === undefined) return;
      const info = JSON.parse(line[1]) as { version: string };
      finish(() => resolve(info));
    });
  });
}

function portOf(url: string): number {
  return Number(new URL(url).port || '4222');
}

function randomPrefix(): string {
  return `t${randomBytes(5).toString('hex')}`;
}
