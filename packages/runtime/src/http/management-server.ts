/**
 * The management port: /healthz, /readyz and /metrics, and grpc.health.v1 for
 * probes that speak gRPC, all within TLS where the process speaks it. Reads
 * state, changes nothing; bounded in connections, headers and time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS } from '@flagstream/protocol';
import { type HealthState, LIVENESS } from '../health/health-state.ts';
import { FrontDoor } from '../listen/front-door.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { healthProbes } from './health-probes.ts';
import type { RefusalWords } from './heard-requests.ts';
import { type HttpTimeouts, injectedHttpServer } from './injected-http-server.ts';
import { answerJson, answerText } from './json-answer.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  /** It has nothing to serve yet, rather than nothing fit to be served: 412 tells that, as of flagd. */
  readonly awaitsState?: boolean;
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
  /** With it the port speaks TLS alone. */
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
/** Node looks for late requests each 30 s by default: so long would a hundred slow ones keep every probe out. */
const TIMEOUTS: HttpTimeouts = { headersMs: 5_000, requestMs: 10_000, checkMs: 1_000 };

/** @throws FlagstreamError PORT_IN_USE */
export async function startManagement(options: ManagementOptions): Promise<ManagementServer> {
  const routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>([
    ['/healthz', (request, response) => answerHealth(options, request, response)],
    ['/readyz', (request, response) => answerReadiness(options, request, response)],
    ['/metrics', metricsRoute(options)],
  ]);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    door.heardOf(request.socket);
    response.once('close', () => door.heardOf(request.socket));
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
  };
  const { name = 'process', host, port: wanted, health, logger, tls } = options;
  const http = injectedHttpServer(answer, WORDS, TIMEOUTS);
  const probes = healthProbes(health);
  const door = new FrontDoor({
    logger,
    listener: 'management',
    http1: (socket) => http.emit('connection', socket),
    http2: probes.take,
    maxConnections: CONNECTIONS_MAX,
    oldestGivesWay: true,
    sniffTimeoutMs: LIMITS.prefaceTimeoutMs,
    tls,
    tlsHandshakeTimeoutMs: LIMITS.tlsHandshakeTimeoutMs,
  });
  const { port } = await door.listen({ host, port: wanted, exclusive: true }, `${name} management`);
  return {
    port,
    close: async () => {
      door.stopAccepting();
      http.close();
      probes.close();
      door.destroyConnections();
    },
  };
}

const WORDS: RefusalWords = (_status, error) => JSON.stringify({ error });

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
  const status = ready ? 200 : asked.awaitsState === true ? 412 : 503;
  answerJson(request, response, status, { ready, reasons, ...told, ...asked.details });
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
