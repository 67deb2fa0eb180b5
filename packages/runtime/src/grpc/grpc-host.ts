/**
 * The gRPC server of a process: front door -> grpc-js -> dispatcher -> service
 * handlers. Adds health and reflection to the services it is given. The same
 * methods over HTTP/1.1, and over HTTP/2 without gRPC, go by the connect door.
 *
 * A method without a policy stops the construction, so nothing ever listens
 * with a hole in the door.
 */
import type { Server as HttpServer, RequestListener } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turnOver } from 'node:timers/promises';
import { descriptorSet, type FlagstreamError, LIMITS } from '@flagstream/protocol';
import { type MethodDefinition, Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js';
import { ConnectDoor, type ConnectDoorOptions } from '../connect/connect-door.ts';
import { refusalWords } from '../connect/connect-error.ts';
import type { ServedMethod } from '../connect/connect-methods.ts';
import { LOCAL_ORIGINS } from '../connect/cross-origin.ts';
import { pickHttpCalls } from '../connect/http2-calls.ts';
import type { HealthState } from '../health/health-state.ts';
import { injectedHttpServer } from '../http/injected-http-server.ts';
import { notFound } from '../http/json-answer.ts';
import type { ListenAddress } from '../listen/claim-port.ts';
import { FrontDoor } from '../listen/front-door.ts';
import { SilenceWatch } from '../listen/silence-watch.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { gateCalls } from './call-gate.ts';
import { ConnectionRounds } from './connection-rounds.ts';
import { Dispatcher } from './dispatcher.ts';
import { spareFarewells } from './farewell-pings.ts';
import { logGrpcItself } from './grpc-log.ts';
import { healthBinding } from './health-service.ts';
import { HostMetrics } from './host-metrics.ts';
import { KeyQuota, QUOTA, type QuotaLimits } from './key-quota.ts';
import { passOverLeftCalls } from './left-calls.ts';
import { LoadShedder } from './load-shedder.ts';
import type { Authenticate } from './principal.ts';
import { REFLECTION_SERVICES, reflectionBindings } from './reflection-service.ts';
import { RequestMessages } from './request-messages.ts';
import { closeBeforeTooManyResets } from './reset-allowance.ts';
import { type BoundMethod, bindMethods, type ServiceBinding } from './service-binding.ts';
import { beforeSessions } from './session-handler.ts';
import { keepStreamsCollectable } from './session-streams.ts';
import { shedCalls } from './shed-calls.ts';
import { type Standing, watchStanding } from './standing.ts';
import { StreamRoom } from './stream-room.ts';

export interface GrpcHostOptions {
  /** Names the host in logs and errors: "evaluator". */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly authenticate: Authenticate;
  /** Whether those who were let in would be still; asked when keys change and each second. Default: for ever. */
  readonly standing?: Standing;
  /** Of each API key. Default: that of limits.ts. */
  readonly quota?: QuotaLimits;
  readonly services: readonly ServiceBinding[];
  readonly health: HealthState;
  /** Default true. */
  readonly reflection?: boolean;
  /** Largest message that is taken, in bytes. */
  readonly maxRequestBytes?: number;
  /** Messages within it; of maxRequestBytes. */
  readonly maxRequestMessages?: number;
  /** HTTP requests that name no method; by default they get 404 and a hint. */
  readonly http?: RequestListener;
  /** For that hint: what this process serves at other ports, such as "health and metrics on 8014". */
  readonly elsewhere?: () => string;
  /** Pages of browsers that may call: "*", or origins. Default: those of this machine. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** What the services' messages are. Default: the contract's own descriptor set. */
  readonly descriptorSet?: () => Uint8Array;
  readonly maxConnections?: number;
  readonly maxConcurrentStreams?: number;
  /** Time in which a connection must have said what it speaks. */
  readonly sniffTimeoutMs?: number;
  /** Longest silence of a peer before its connection is cut; it is pinged in time. Default: 40 s. */
  readonly silenceMs?: number;
  /** The same of the peer of one of the services' peerStreams. Default: as for every connection. */
  readonly peerSilenceMs?: number;
  /** Longest time that the reader of a stream over Connect takes nothing. Default: that of limits.ts. */
  readonly streamStallMs?: number;
  /** Milliseconds that never run backwards; quotas, times of requests and lateness count by it. */
  readonly monotonicMs?: () => number;
  /**
   * Refuses unary calls that have waited too long among many others. Default false: where a call may hold the event
   * loop, as a commit does, calls wait for it, and are few.
   */
  readonly refusesLateCalls?: boolean;
  /** Uniform in [0, 1): spreads those who are told to come back. */
  readonly random?: () => number;
  /** With it the port speaks TLS alone. */
  readonly tls?: ListenerTls | undefined;
  readonly tlsHandshakeTimeoutMs?: number;
  /** Other processes accept on its port: from the start of a drain on, connections are theirs. */
  readonly sharesPort?: boolean | undefined;
}

/** Requests that do not arrive are given up so soon after their time. */
const SWEEP_MS = 1_000;
/** Longest silence of any peer: some time for the answer to a ping, as what waits for a slow reader comes before it. */
const SILENCE_MS_MAX = 40_000;
/** Of the longest silence. */
const PINGED_AFTER = 0.75;
/** grpc-js only pings: by when a ping is answered says little of a peer that reads slowly, and is heard all the while. */
const NO_PONG_TIMEOUT_MS = 2 ** 31 - 1;

export class GrpcHost {
  readonly #options: GrpcHostOptions;
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #connect: ConnectDoor;
  readonly #door: FrontDoor;
  readonly #dispatcher: Dispatcher;
  readonly #quota: KeyQuota;
  readonly #shedder: LoadShedder;
  readonly #rounds: ConnectionRounds<ServerHttp2Session>;
  /** Of the peers of the services' peerStreams. */
  readonly #peerSilence: SilenceWatch<Socket> | undefined;
  readonly #drainListeners = new Set<() => void | Promise<void>>();
  readonly #sweeping: NodeJS.Timeout;
  #drained: Promise<void> | undefined;
  /** Open connections of HTTP/1.1. */
  #http1 = 0;
  #stopStanding: () => void = () => undefined;

  /** Throws when a method has no policy or no handler. */
  constructor(options: GrpcHostOptions) {
    this.#options = options;
    const monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#quota = new KeyQuota(options.quota ?? QUOTA, monotonicMs);
    const descriptors = options.descriptorSet ?? descriptorSet;
    const requestMessages = new RequestMessages(descriptors);
    const requestMessagesMax = options.maxRequestMessages ?? LIMITS.evaluationRequestMessagesMax;
    const requestBytesMax = options.maxRequestBytes ?? LIMITS.evaluationRequestBytesMax;
    this.#dispatcher = new Dispatcher({
      authenticate: options.authenticate,
      metrics: HostMetrics.of(options.metrics).calls,
      logger: options.logger,
      quota: this.#quota,
      requestMessages,
      requestMessagesMax,
      monotonicMs,
      onPeerStream: (peer) => this.#watchPeer(peer),
    });
    this.#shedder = new LoadShedder({
      monotonicMs,
      idleMs: () => performance.eventLoopUtilization().idle,
      random: options.random ?? Math.random,
      afterTurn: (callback) => setImmediate(callback),
      onTooLate: () => this.#takeTurns(),
    });
    const streamsMax = options.maxConcurrentStreams ?? LIMITS.concurrentStreamsMax;
    const callsMax = Math.min(LIMITS.callsAtOnceMax, streamsMax);
    const room = new StreamRoom({ callsMax, streamsMax });
    this.#rounds = new ConnectionRounds({
      monotonicMs,
      giveRoom: (session, calls) => room.give(session, calls),
      refused: () => this.#shedder.counts.late,
      every,
      callsAtOnce: callsMax,
    });
    this.#peerSilence = peerSilenceWatch(options);
    const silence = this.#silenceWatch();
    this.#server = new Server({
      'grpc.enable_channelz': 0,
      'grpc.keepalive_time_ms': pingEveryMs(options),
      'grpc.keepalive_timeout_ms': NO_PONG_TIMEOUT_MS,
      'grpc.max_receive_message_length': requestBytesMax,
      'grpc.max_concurrent_streams': options.refusesLateCalls === true ? callsMax : streamsMax,
    });
    logGrpcItself(options.logger);
    if (options.refusesLateCalls === true)
      shedCalls(this.#server, {
        canRefuse: (path) => this.#dispatcher.canRefuse(path),
        refusal: (headers) => this.#shedder.refusal(headers['grpc-timeout']?.toString()),
        room,
        rounds: this.#rounds,
      });
    passOverLeftCalls(this.#server, options.logger);
    gateCalls(this.#server, (call) => this.#dispatcher.arrive(call));
    beforeSessions(this.#server, (session) => {
      keepStreamsCollectable(session);
      spareFarewells(session, monotonicMs);
      closeBeforeTooManyResets(session, monotonicMs);
    });
    // Before the others: what is no gRPC must not be answered as if it were.
    pickHttpCalls(this.#server, (request, response) => this.#connect.handle(request, response));
    this.#connect = new ConnectDoor({
      methods: this.#addServices(descriptors),
      descriptorSet: descriptors,
      dispatcher: this.#dispatcher,
      requestMessagesMax,
      requestBytesMax,
      streamStallMs: options.streamStallMs ?? LIMITS.streamStallMs,
      lateness: (timeout) => (options.refusesLateCalls === true ? this.#shedder.refusal(timeout) : undefined),
      corsOrigins: options.corsOrigins ?? LOCAL_ORIGINS,
      logger: options.logger,
      other: (options.http ?? notFound(() => options.elsewhere?.())) as ConnectDoorOptions['other'],
    });
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#http = injectedHttpServer(this.#connect.handle, refusalWords);
    this.#door = new FrontDoor({
      logger: options.logger,
      http2: (socket) => {
        silence.add(socket);
        injector.injectConnection(socket);
      },
      http1: (socket) => {
        this.#http1 += 1;
        socket.once('close', () => {
          this.#http1 -= 1;
        });
        this.#http.emit('connection', socket);
      },
      maxConnections: options.maxConnections ?? LIMITS.connectionsMax,
      sniffTimeoutMs: options.sniffTimeoutMs ?? LIMITS.prefaceTimeoutMs,
      tls: options.tls,
      tlsHandshakeTimeoutMs: options.tlsHandshakeTimeoutMs ?? LIMITS.tlsHandshakeTimeoutMs,
    });
    this.#exportNumbers();
    if (options.standing !== undefined) this.#watchStanding(options.standing);
    this.#sweeping = setInterval(() => this.#dispatcher.sweep(), SWEEP_MS);
    this.#sweeping.unref();
  }

  /**
   * Opens the port (0: a free one) and resolves to where it listens.
   * @throws FlagstreamError PORT_IN_USE
   */
  listen(address: ListenAddress): Promise<ListenAddress> {
    return this.#door.listen(address, `${this.#options.name} gRPC`);
  }

  /** What each API key may still ask of this process, on whichever of its ports. */
  get quota(): KeyQuota {
    return this.#quota;
  }

  /** Why a call at another port of this process is refused now, if it is: all ports are answered by the same turns. */
  lateRefusal(): FlagstreamError | undefined {
    return this.#options.refusesLateCalls === true ? this.#shedder.refusal(undefined) : undefined;
  }

  /** Called when draining starts, to say goodbye on the service's own streams; waited for within the grace. */
  onDrain(listener: () => void | Promise<void>): () => void {
    this.#drainListeners.add(listener);
    return () => this.#drainListeners.delete(listener);
  }

  /**
   * Stops: health says not serving, services say goodbye, streams end
   * UNAVAILABLE, running unary calls finish; what is left after graceMs is cut.
   * Safe to call again: the same promise.
   */
  drain(graceMs: number): Promise<void> {
    this.#drained ??= this.#drain(graceMs);
    return this.#drained;
  }

  async #drain(graceMs: number): Promise<void> {
    const deadline = after(graceMs);
    this.#stopStanding();
    this.#options.health.drain();
    this.#dispatcher.refuseStreams();
    this.#connect.drain();
    if (this.#options.sharesPort === true) this.#door.stopAccepting();
    await Promise.race([this.#sayGoodbye(), deadline.passed]);
    this.#dispatcher.endStreams();
    this.#door.stopAccepting();
    // Of HTTP/1.1 nothing tells a caller beforehand: what it has sent meanwhile is read, and its connection ends with the answer.
    if (this.#http1 > 0) await Promise.race([delay(LIMITS.httpLingerMs), deadline.passed]);
    this.#http.close();
    // Not left to tryShutdown: on Node 24 it reports done while calls still run.
    await Promise.race([this.#answered(), deadline.passed]);
    const finished = new Promise<void>((resolve) => {
      this.#server.tryShutdown((error) => {
        if (error !== undefined) this.#options.logger.warn({ err: error }, 'gRPC shutdown was not clean');
        resolve();
      });
    });
    await Promise.race([finished, deadline.passed]);
    deadline.cancel();
    clearInterval(this.#sweeping);
    this.#rounds.close();
    this.#server.forceShutdown();
    this.#door.destroyConnections();
  }

  async #answered(): Promise<void> {
    await this.#dispatcher.idle();
    await this.#connect.idle();
    await flushed();
  }

  #watchStanding(standing: Standing): void {
    const { logger } = this.#options;
    this.#stopStanding = watchStanding(standing, (check) => {
      const ended = this.#dispatcher.endRefused(check);
      if (ended > 0) logger.info({ streams: ended }, 'streams closed: their keys are no longer valid');
    });
  }

  #takeTurns(): void {
    if (this.#rounds.begin())
      this.#options.logger.warn('calls come too late to be answered: their connections take turns');
  }

  #watchPeer(peer: string): void {
    const connection = this.#door.connectionOf(peer);
    if (connection !== undefined) this.#peerSilence?.add(connection);
  }

  #silenceWatch(): SilenceWatch<Socket> {
    const { metrics, logger } = this.#options;
    const { cuts } = HostMetrics.of(metrics);
    return new SilenceWatch(silenceMsOf(this.#options), ({ remoteAddress, remotePort }) => {
      cuts.inc();
      logger.debug(
        { peer: `${remoteAddress}:${remotePort}` },
        'a connection was cut: nothing came from its peer',
      );
    });
  }

  async #sayGoodbye(): Promise<void> {
    const results = await Promise.allSettled([...this.#drainListeners].map(async (listener) => listener()));
    for (const result of results) {
      if (result.status === 'rejected')
        this.#options.logger.error({ err: result.reason }, 'a drain listener failed');
    }
  }

  #addServices(descriptors: () => Uint8Array): readonly ServedMethod[] {
    const { services, health, reflection = true } = this.#options;
    const own = [...services, healthBinding(health)].map(bindMethods);
    const names = own.flatMap((methods) => (methods[0] === undefined ? [] : [methods[0].service]));
    if (reflection) {
      const served = [...names, ...REFLECTION_SERVICES].sort();
      own.push(...reflectionBindings(descriptors, served).map(bindMethods));
    }
    for (const name of names) health.register(name);
    return own.flatMap((methods) => this.#addService(methods));
  }

  #addService(methods: readonly BoundMethod[]): readonly ServedMethod[] {
    const definitions: Record<string, MethodDefinition<unknown, unknown>> = {};
    const implementations: Record<string, UntypedHandleCall> = {};
    const served: ServedMethod[] = [];
    for (const bound of methods) {
      const definition = this.#dispatcher.definition(bound);
      const implementation = this.#dispatcher.implementation(bound);
      definitions[bound.method] = definition;
      implementations[bound.method] = implementation;
      served.push({ bound, definition, implementation });
    }
    this.#server.addService(definitions, implementations);
    return served;
  }

  #exportNumbers(): void {
    HostMetrics.of(this.#options.metrics).add({
      connections: () => this.#door.connections,
      openStreams: () => this.#dispatcher.openStreams,
      shed: () => ({ ...this.#shedder.counts }),
      rounds: () => this.#rounds.rounds,
    });
  }
}

function peerSilenceWatch({ peerSilenceMs, logger }: GrpcHostOptions): SilenceWatch<Socket> | undefined {
  if (peerSilenceMs === undefined) return undefined;
  return new SilenceWatch(peerSilenceMs, ({ remoteAddress, remotePort }) =>
    logger.warn(
      { peer: `${remoteAddress}:${remotePort}`, silent_ms: peerSilenceMs },
      'a connection was cut: nothing came from its peer any more',
    ),
  );
}

function silenceMsOf({ silenceMs = SILENCE_MS_MAX }: GrpcHostOptions): number {
  return silenceMs;
}

/** So often that a peer that lives is heard in time, with its way there and back. */
function pingEveryMs(options: GrpcHostOptions): number {
  const { peerSilenceMs } = options;
  return peerSilenceMs === undefined
    ? PINGED_AFTER * silenceMsOf(options)
    : peerSilenceMs / LIMITS.heartbeatsMissedMax;
}

function every(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
}

/** What has been answered is handed to the socket within two turns of the event loop. */
async function flushed(): Promise<void> {
  await turnOver();
  await turnOver();
}

function after(ms: number): { readonly passed: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return { passed, cancel: () => clearTimeout(timer) };
}
