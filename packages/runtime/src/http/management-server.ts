/**
 * The management port: /healthz, /readyz and /metrics, over HTTPS where the
 * process speaks TLS. Reads state, changes nothing; bounded in connections,
 * headers and time.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { LIMITS } from '@flagstream/protocol';
import { type HealthState, LIVENESS } from '../health/health-state.ts';
import { claimPort } from '../listen/claim-port.ts';
import { keepSecure, type ListenerTls, secureOptions } from '../listen/tls-door.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { HEARD, heard, type RefusalWords, refuseUnheard } from './heard-requests.ts';
import { answerJson, answerText } from './json-answer.ts';
import { keepNewest } from './newest-connections.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  /** What else its answer tells. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ManagementOptions {
  /** Names the process in errors: "evaluator". */
  readonly name?: string;
  readonly host: string;
  readonly port: number;
  readonly health: HealthState;
  readonly metrics: Metrics;
  readonly readiness: () => Readiness;
  readonly logger: Logger;
  /** With it the port speaks HTTPS alone. */
  readonly tls?: ListenerTls | undefined;
  /** What a person should know of a process that is ready: that it is open to other machines. */
  readonly warnings?: readonly string[];
}

export interface ManagementServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Probes and one or two scrapers; more is somebody's mistake, and the longest idle gives way. */
const CONNECTIONS_MAX = 100;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** Node looks for late requests each 30 s by default: so long would a hundred slow ones keep every probe out. */
const LATE_CHECK_MS = 1_000;

/** @throws FlagstreamError PORT_IN_USE */
export async function startManagement(options: ManagementOptions): Promise<ManagementServer> {
  const routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>([
    ['/healthz', (request, response) => answerHealth(options, request, response)],
    ['/readyz', (request, response) => answerReadiness(options, request, response)],
    ['/metrics', metricsRoute(options)],
  ]);
  const server = createListener(options.tls, (request, response) => {
    // Nothing here reads a body; what is sent is thrown away.
    request.resume();
    const route = routes.get(pathOf(request));
    if (route === undefined) {
      answerJson(request, response, 404, { error: 'not found', paths: [...routes.keys()] });
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      answerJson(request, response, 405, { error: 'only GET and HEAD' }, { allow: 'GET, HEAD' });
    } else {
      route(request, response);
    }
  });
  keepNewest(server, CONNECTIONS_MAX);
  const { name = 'process', host, port: wanted } = options;
  const { port } = await claimPort(server, { host, port: wanted, exclusive: true }, `${name} management`);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const SERVER_OPTIONS = {
  ...HEARD,
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: LATE_CHECK_MS,
} as const;

const WORDS: RefusalWords = (_status, error) => JSON.stringify({ error });

function createListener(tls: ListenerTls | undefined, answer: RequestListener): Server | SecureServer {
  const listener = heard(answer, WORDS);
  if (tls === undefined) {
    const server = createServer(SERVER_OPTIONS, listener);
    refuseUnheard(server, WORDS);
    return server;
  }
  const options = { ...SERVER_OPTIONS, ...secureOptions(tls, LIMITS.tlsHandshakeTimeoutMs) };
  const server = createSecureServer(options, listener);
  refuseUnheard(server, WORDS);
  keepSecure(server, tls, 'management');
  return server;
}

function answerHealth(
  { health }: ManagementOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const alive = health.serving(LIVENESS) === true;
  answerJson(request, response, alive ? 200 : 503, { status: alive ? 'ok' : 'failing' });
}

function answerReadiness(
  options: ManagementOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = options.readiness();
  const reasons = options.health.draining ? ['draining', ...asked.reasons] : asked.reasons;
  const ready = asked.ready && !options.health.draining;
  const { warnings = [] } = options;
  const told = warnings.length === 0 ? {} : { warnings };
  answerJson(request, response, ready ? 200 : 503, { ready, reasons, ...told, ...asked.details });
}

/** Scrapes that come while one is being made share its text. */
function metricsRoute(
  options: ManagementOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  let running: Promise<string> | undefined;
  return (request, response) => {
    running ??= options.metrics.text().finally(() => {
      running = undefined;
    });
    running.then(
      (text) => answerText(request, response, 200, options.metrics.registry.contentType, text),
      (err: unknown) => {
        options.logger.error({ err }, 'metrics could not be collected');
        answerJson(request, response, 500, { error: 'metrics could not be collected' });
      },
    );
  };
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '/';
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}
