/**
 * OFREP on a port of its own: puts it together and opens it. What it answers from, and who may ask how much, is what the
 * gRPC port has.
 */
import {
  CrossOrigin,
  type GrpcHost,
  type HealthState,
  HttpHost,
  type Lifecycle,
  type ListenAddress,
  LOCAL_ORIGINS,
  type Logger,
  type Metrics,
} from '@flagstream/runtime';
import { anonymousDoor } from '../anonymous-door.ts';
import { type EvaluatorConfig, ofrepPortOf } from '../evaluator-config.ts';
import type { FlagdResolver } from '../flagd/resolver.ts';
import { EventStreams, type EventStreamsParts } from './event-streams.ts';
import { NewestChanges } from './newest-changes.ts';
import { OfrepRequests, type OfrepRequestsParts } from './ofrep-requests.ts';
import { errorBody } from './refusal.ts';
import { RequestMetrics } from './request-metrics.ts';

export interface OfrepParts
  extends Omit<EventStreamsParts, 'changes' | 'quota'>,
    Pick<OfrepRequestsParts, 'authenticate' | 'passes'> {
  readonly resolver: FlagdResolver;
  readonly host: GrpcHost;
  readonly health: HealthState;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tls: ConstructorParameters<typeof HttpHost>[0]['tls'];
  /** Other processes accept on its port: from the start of a stop on, connections are theirs. */
  readonly sharesPort: boolean;
  /** Resolves when it may listen. */
  readonly mayListen: Promise<void>;
}

/**
 * No cookie counts here, so a page that may ask has been given a key, or needs none; where none is asked for, as on a
 * developer's machine, any page that is open in the browser could read the flags of localhost.
 */
const ANY_ORIGIN = ['*'];
const PAGES = { methods: ['GET', 'POST', 'OPTIONS'], exposed: ['ETag', 'Retry-After', 'Content-Encoding'] };
/** What was asked before a stop is an evaluation's work away from its answer. */
const STOP_GRACE_MS = 1_000;

/** @throws FlagstreamError PORT_IN_USE */
export async function startOfrep(
  config: EvaluatorConfig,
  lifecycle: Lifecycle,
  parts: OfrepParts,
): Promise<ListenAddress> {
  const { host, fanout, monotonicMs, tls, metrics, logger, sharesPort } = parts;
  const changes = new NewestChanges(fanout, monotonicMs);
  const events = new EventStreams({ ...parts, changes, quota: host.quota });
  const requests = new OfrepRequests({
    ...parts,
    events,
    changes,
    quota: host.quota,
    lateRefusal: () => host.lateRefusal(),
    crossOrigin: new CrossOrigin(
      config.corsOrigins ?? (isForAll(config) ? ANY_ORIGIN : LOCAL_ORIGINS),
      PAGES,
    ),
    metrics: new RequestMetrics(metrics),
    isSecure: tls !== undefined,
  });
  const port = new HttpHost({
    listener: 'ofrep',
    purpose: 'evaluator OFREP',
    logger,
    answer: requests.answer,
    words: (_status, details) => JSON.stringify(errorBody({ code: 'GENERAL', details }, undefined)),
    tls,
  });
  metrics.gauge('ofrep_connections', 'Open connections at the OFREP port.', [], (gauge) =>
    gauge.set(port.connections),
  );
  metrics.gauge(
    'ofrep_held_bytes',
    'Bytes of requests that arrive there, and of answers that wait to be taken.',
    [],
    (gauge) => gauge.set(requests.heldBytes),
  );
  // The gRPC port stops first: its goodbye is the one of all streams, and evaluations go on meanwhile.
  host.onDrain(() => {
    if (sharesPort) port.stopAccepting();
  });
  return lifecycle.start(
    'OFREP port',
    async () => {
      await parts.mayListen;
      return port.listen({ host: config.host, port: ofrepPortOf(config) });
    },
    async () => {
      events.close();
      await port.drain(STOP_GRACE_MS);
    },
  );
}

/** Nobody is answered without a key, or somebody said that whoever reaches the ports may be. */
function isForAll(config: EvaluatorConfig): boolean {
  return anonymousDoor(config) === undefined || config.keyless.beyondLoopback;
}
