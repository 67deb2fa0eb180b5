/**
 * What a client is made with, checked once.
 */
import { randomUUID } from 'node:crypto';
import { headerToken, invalidField, isKey, LIMITS, parseToken } from '@flagstream/protocol';
import { type Clock, systemClock } from './clock.ts';
import { type Members, refuseUnknownMembers, refuseUnknownOptions } from './known-members.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { Scope } from './state/scope.ts';
import { grpcDial, type TlsOptions } from './sync/grpc-dial.ts';
import type { Dial } from './sync/sync-stream.ts';

export interface ClientOptions {
  /**
   * Evaluators, "host:port" each, all equal: the client starts at a random one
   * and moves on after two failures. Default: localhost:8013.
   */
  readonly target?: string | readonly string[];
  /** Default: default. With an API key, the key decides. */
  readonly project?: string;
  /** Default: development. With an API key, the key decides. */
  readonly environment?: string;
  /** A server key; white space around it is left out. */
  readonly apiKey?: string;
  /** true: TLS with the system's roots. Default: plaintext. */
  readonly tls?: boolean | TlsOptions;
  /** What to evaluate by until a server or the disk copy says more: a FlagDocument as JSON. */
  readonly bootstrap?: { readonly file: string } | { readonly document: unknown };
  /** A folder for this client's own copy, to start from while no server answers. */
  readonly cache?: { readonly dir: string };
  /** How long `waitForReady` waits by itself, in milliseconds. Default: 10,000. */
  readonly initialTimeoutMs?: number;
  /** Asked of the server, which keeps it between 1,000 and 60,000. Default: the server's. */
  readonly heartbeatMs?: number;
  /**
   * The client calls itself stale while its answers may be older than this many
   * milliseconds, also when a stream is up: the server may be cut off itself.
   * The bound normally grows to two heartbeats. Default: however old.
   */
  readonly maxStalenessMs?: number;
  readonly logger?: Logger;
  /** Names this client in the server's reports: no other one of its environment. Default: random. */
  readonly instanceId?: string;
  /** For tests. */
  readonly clock?: Clock;
  /** Uniform in [0, 1). For tests. */
  readonly random?: () => number;
  /** How streams are opened. For tests, and for transports of your own. */
  readonly dial?: Dial;
}

export interface Settings {
  readonly endpoints: readonly string[];
  readonly scope: Scope;
  readonly bootstrap: ClientOptions['bootstrap'];
  readonly cacheDir: string | undefined;
  readonly initialTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Infinity: however old. */
  readonly maxStalenessMs: number;
  readonly logger: Logger;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly dial: Dial;
}

const TARGET_DEFAULT = 'localhost:8013';
const PROJECT_DEFAULT = 'default';
const ENVIRONMENT_DEFAULT = 'development';
const INITIAL_TIMEOUT_MS = 10_000;

const OPTIONS: Members<ClientOptions> = {
  target: true,
  project: true,
  environment: true,
  apiKey: true,
  tls: true,
  bootstrap: true,
  cache: true,
  initialTimeoutMs: true,
  heartbeatMs: true,
  maxStalenessMs: true,
  logger: true,
  instanceId: true,
  clock: true,
  random: true,
  dial: true,
};

/** @throws FlagstreamError INVALID_FIELD naming the option. */
export function resolveOptions(options: ClientOptions): Settings {
  refuseUnknownOptions(options, OPTIONS);
  if (options.cache !== undefined) refuseUnknownMembers('cache', options.cache, { dir: true });
  if (options.bootstrap !== undefined)
    refuseUnknownMembers<{ file?: unknown; document?: unknown }>('bootstrap', options.bootstrap, BOOTSTRAP);
  const { target = TARGET_DEFAULT, tls = false } = options;
  const apiKey = options.apiKey === undefined ? undefined : checkedToken(options.apiKey);
  const endpoints = typeof target === 'string' ? [target] : [...target];
  if (endpoints.length === 0 || endpoints.some((endpoint) => !/^[^\s]+$/.test(endpoint)))
    throw invalidField('target', 'must be "host:port", or a list of at least one');
  // gRPC would look for a host of the name "http", and without end.
  if (endpoints.some((endpoint) => /^https?:\/\//i.test(endpoint)))
    throw invalidField('target', 'must be "host:port", without http:// or https://; TLS is asked for by tls');
  const scope: Scope = {
    project: checkedKey('project', options.project ?? PROJECT_DEFAULT),
    environment: checkedKey('environment', options.environment ?? environmentOf(apiKey)),
  };
  // The key says it; what else the caller names is compared with it by the server.
  const named = { project: options.project, environment: options.environment };
  return {
    endpoints,
    scope,
    bootstrap: options.bootstrap,
    cacheDir: options.cache?.dir,
    initialTimeoutMs: duration('initialTimeoutMs', options.initialTimeoutMs ?? INITIAL_TIMEOUT_MS),
    heartbeatMs: duration('heartbeatMs', options.heartbeatMs ?? 0),
    maxStalenessMs:
      options.maxStalenessMs === undefined
        ? Number.POSITIVE_INFINITY
        : duration('maxStalenessMs', options.maxStalenessMs),
    logger: options.logger ?? silentLogger,
    instanceId: checkedInstanceId(options.instanceId ?? randomUUID()),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    dial:
      options.dial ?? grpcDial({ named: apiKey === undefined ? scope : named, apiKey, tls: checkedTls(tls) }),
  };
}

/** Where a client with this key will find its flags, as far as can be told before it is asked. */
function environmentOf(apiKey: string | undefined): string {
  const environment = apiKey === undefined ? '' : parseToken(apiKey)?.environment;
  return environment === undefined || !isKey(environment) ? ENVIRONMENT_DEFAULT : environment;
}

const BOOTSTRAP = { file: true, document: true } as const;
const TLS: Members<TlsOptions> = { rootCertificates: true, clientCertificate: true, clientKey: true };

/** A member that is mistyped would be whom to trust, left out without a word. */
function checkedTls(tls: boolean | TlsOptions): TlsOptions | false {
  if (typeof tls === 'boolean') return tls ? {} : false;
  refuseUnknownMembers('tls', tls, TLS);
  return tls;
}

/** What is refused is not repeated: most of it may be a secret. */
function checkedToken(apiKey: string): string {
  const token = headerToken(apiKey);
  if (token === undefined)
    throw invalidField('apiKey', 'must be an API key: printable ASCII without spaces, and not empty');
  return token;
}

function checkedKey(option: string, key: string): string {
  if (isKey(key)) return key;
  const grammar = `1 to ${LIMITS.keyLengthMax} of a-z, 0-9, ".", "_" and "-"`;
  throw invalidField(
    option,
    `must be ${grammar}, starting with a letter or digit, not ${JSON.stringify(key)}`,
  );
}

/** A server would refuse its stream, and go on doing so. */
function checkedInstanceId(instanceId: string): string {
  const { length } = instanceId;
  if (length >= 1 && length <= LIMITS.instanceIdLengthMax) return instanceId;
  throw invalidField('instanceId', `must have 1 to ${LIMITS.instanceIdLengthMax} characters, not ${length}`);
}

function duration(option: string, milliseconds: number): number {
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds;
  throw invalidField(option, `must be milliseconds, zero or more, not ${milliseconds}`);
}
