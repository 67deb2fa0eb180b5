// An evaluator's Sync service in miniature, in this process: real gRPC, the real server session, one
// environment that a test changes by hand. For tests of clients; the evaluator has tests of its own.

import { randomBytes } from 'node:crypto';
import {
  clientFrameFromWire,
  encodeDrain,
  encodePing,
  encodeStreamError,
  encodeTransfer,
  encodeWelcome,
  fail,
  flagConfigId,
  flagConfigName,
  flagId,
  flagName,
  LIMITS,
  segmentId,
  segmentName,
  sha256,
  toServiceError,
} from '@flagstream/protocol';
import { Flag, FlagConfig, Segment } from '@flagstream/protocol/gen/flagstream/v1/model';
import { StreamServiceService, type SyncRequest } from '@flagstream/protocol/gen/flagstream/v1/stream';
import {
  bytesEqual,
  type CloseReason,
  type EntityId,
  EnvironmentView,
  type Hello,
  type Position,
  type StreamErrorCode,
  type SyncEnvironment,
  type SyncServerEffect,
  SyncServerSession,
  type VersionedEntity,
} from '@flagstream/replica';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { hold } from './resources.ts';

export interface SyncServerOptions {
  readonly port?: number;
  readonly node?: string;
  readonly heartbeatMs?: number;
  /** What clients are told of how to come back. Default 0. */
  readonly reconnectSpreadMs?: number;
  /** Revisions for which a delta is answered. */
  readonly windowRevisions?: number;
  /** Share one between servers that follow the same log. */
  readonly log?: FixtureLog;
  readonly project?: string;
  readonly environment?: string;
}

const CLOSE_CODES: Partial<Record<CloseReason, StreamErrorCode>> = {
  behind: 'behind',
  'not-ready': 'not-ready',
  protocol: 'protocol',
  'unsupported-version': 'protocol',
};

/** One log with one environment: revisions, and who listens for them. */
export class FixtureLog {
  readonly identity: Uint8Array = randomBytes(32);
  readonly scope: { readonly project: string; readonly environment: string };
  readonly view: EnvironmentView;
  readonly #hashes: Uint8Array[] = [new Uint8Array(0)];
  readonly #listeners = new Set<() => void>();
  epoch = 1;
  /** How old the server says that its own state can be. */
  stalenessMs = 0;

  constructor(project = 'default', environment = 'development', windowRevisions = 10_000) {
    this.scope = { project, environment };
    this.view = new EnvironmentView(sha256, this.scope, { revisions: windowRevisions }, 0);
    this.skip();
  }

  get head(): Position {
    const revision = this.#hashes.length - 1;
    return { epoch: this.epoch, revision, hash: this.#hashes[revision]! };
  }

  holds(position: Position): boolean {
    const hash = this.#hashes[position.revision];
    return position.epoch === this.epoch && hash !== undefined && bytesEqual(hash, position.hash);
  }

  /** A revision that changes nothing here. */
  skip(): number {
    return this.commit([]);
  }

  /** Writes a flag, and its configuration if given, as one revision. */
  putFlag(key: string, flag: object, config?: object): number {
    const { project, environment } = this.scope;
    const entities: [EntityId, Uint8Array][] = [
      [flagId(project, key), Flag.encode(Flag.fromJSON({ ...flag, name: flagName(project, key) })).finish()],
    ];
    if (config !== undefined) {
      const named = { ...config, name: flagConfigName(project, environment, key) };
      entities.push([
        flagConfigId(project, environment, key),
        FlagConfig.encode(FlagConfig.fromJSON(named)).finish(),
      ]);
    }
    return this.commit(entities);
  }

  /** A boolean flag that serves one variant, "on" or "off", to everybody. */
  putSwitch(key: string, on: boolean): number {
    const variants = [
      { key: 'on', value: true },
      { key: 'off', value: false },
    ];
    return this.putFlag(
      key,
      { kind: 'FLAG_KIND_BOOLEAN', variants, offVariant: 'off' },
      { enabled: true, fallthrough: { variant: on ? 'on' : 'off' } },
    );
  }

  putSegment(key: string, segment: object): number {
    const named = { ...segment, name: segmentName(this.scope.project, key) };
    return this.commit([
      [segmentId(this.scope.project, key), Segment.encode(Segment.fromJSON(named)).finish()],
    ]);
  }

  removeFlag(key: string): number {
    const { project, environment } = this.scope;
    return this.commit([
      [flagId(project, key), undefined],
      [flagConfigId(project, environment, key), undefined],
    ]);
  }

  /** One revision; undefined content deletes. */
  commit(entities: readonly (readonly [EntityId, Uint8Array | undefined])[]): number {
    const revision = this.#hashes.length;
    this.#hashes.push(randomBytes(32));
    this.view.apply(
      entities.map(([id, content]) => versioned(id, content, revision)),
      revision,
    );
    for (const listener of this.#listeners) listener();
    return revision;
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

function versioned(id: EntityId, content: Uint8Array | undefined, version: number): VersionedEntity {
  const bytes = content ?? new Uint8Array(0);
  const deleted = content === undefined;
  return {
    change: { ...id, deleted, content: bytes, contentHash: sha256(bytes), tags: [], clientVisible: false },
    version,
  };
}

type Call = ServerDuplexStream<SyncRequest, Buffer>;

/** What one stream did, for assertions. */
export interface StreamRecord {
  hello: Hello | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** In order: "delta 3>5", "full >5". */
  readonly transfers: string[];
  readonly confirmed: number[];
  readonly refused: string[];
  bye: string | undefined;
  ended: boolean;
}

export class SyncServerFixture {
  readonly log: FixtureLog;
  readonly port: number;
  /** Streams since the start, oldest first. */
  readonly streams: StreamRecord[] = [];
  readonly #server: Server;
  readonly #options: SyncServerOptions;
  readonly #open = new Map<Call, SyncServerStream>();
  readonly #release: () => void;
  #refusal: (() => Error) | undefined;

  static async start(options: SyncServerOptions = {}): Promise<SyncServerFixture> {
    const server = new Server();
    const accept: { call: (call: Call) => void } = { call: () => undefined };
    server.addService(
      {
        sync: {
          ...StreamServiceService.sync,
          responseSerialize: (bytes: Buffer): Buffer => bytes,
          responseDeserialize: (bytes: Buffer): Buffer => bytes,
        },
      },
      { sync: (call: Call) => accept.call(call) },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(
        `127.0.0.1:${options.port ?? 0}`,
        ServerCredentials.createInsecure(),
        (error, bound) => (error === null ? resolve(bound) : reject(error)),
      );
    });
    const fixture = new SyncServerFixture(server, port, options);
    accept.call = (call) => fixture.#accept(call);
    return fixture;
  }

  private constructor(server: Server, port: number, options: SyncServerOptions) {
    this.#server = server;
    this.port = port;
    this.#options = options;
    this.log = options.log ?? new FixtureLog(options.project, options.environment, options.windowRevisions);
    const stop = (): void => this.stop();
    this.#release = hold({ what: `sync server on ${port}`, release: stop, releaseNow: stop });
  }

  get target(): string {
    return `127.0.0.1:${this.port}`;
  }

  get openStreams(): number {
    return this.#open.size;
  }

  /** From now on new streams fail with what this makes; undefined: they are served. */
  refuseWith(refusal: (() => Error) | undefined): void {
    this.#refusal = refusal;
  }

  /** Asks every open stream to connect again within the window. */
  drain(reconnectMinMs: number, reconnectMaxMs: number): void {
    const bytes = encodeDrain({ reason: 'shutdown', deadlineMs: 10_000, reconnectMinMs, reconnectMaxMs });
    for (const call of this.#open.keys()) call.write(bytes);
  }

  /** Sends bytes as they are to every open stream. */
  sendRaw(bytes: Buffer): void {
    for (const call of this.#open.keys()) call.write(bytes);
  }

  /** Pings at once, as if the heartbeat were over. */
  ping(): void {
    for (const stream of this.#open.values()) stream.pingNow();
  }

  /** Breaks the open streams; the server goes on. */
  breakStreams(): void {
    const broken = toServiceError(fail('UNREACHABLE', 'broken by the test'));
    for (const call of this.#open.keys()) call.emit('error', broken);
  }

  /** Gone at once, as after kill -9. */
  stop(): void {
    this.#release();
    this.#server.forceShutdown();
    for (const stream of this.#open.values()) stream.stop();
    this.#open.clear();
  }

  #accept(call: Call): void {
    if (this.#refusal !== undefined) {
      call.emit('error', toServiceError(this.#refusal()));
      return;
    }
    const record: StreamRecord = {
      hello: undefined,
      metadata: new Map(Object.entries(call.metadata.getMap()).map(([key, value]) => [key, String(value)])),
      transfers: [],
      confirmed: [],
      refused: [],
      bye: undefined,
      ended: false,
    };
    this.streams.push(record);
    const stream = new SyncServerStream(call, this.log, record, this.#options);
    this.#open.set(call, stream);
    const gone = (): void => {
      record.ended = true;
      stream.stop();
      this.#open.delete(call);
    };
    call.on('close', gone);
    call.on('cancelled', gone);
    call.on('error', gone);
  }
}

/** One stream: the session between a call and the log, with its timer. */
class SyncServerStream {
  readonly #call: Call;
  readonly #log: FixtureLog;
  readonly #record: StreamRecord;
  readonly #session: SyncServerSession;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Moves the session's time: a ping can be had before the heartbeat is over. */
  #skippedMs = 0;

  constructor(call: Call, log: FixtureLog, record: StreamRecord, options: SyncServerOptions) {
    this.#call = call;
    this.#log = log;
    this.#record = record;
    const heartbeatMs = options.heartbeatMs ?? LIMITS.heartbeatMs;
    this.#session = new SyncServerSession(
      environmentOf(log),
      {
        node: options.node ?? 'fixture',
        sessionId: randomBytes(8).toString('hex'),
        helloTimeoutMs: LIMITS.helloTimeoutMs,
        heartbeatMs,
        heartbeatMsMin: 10,
        heartbeatMsMax: LIMITS.heartbeatMsMax,
        heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
        ackTimeoutMs: LIMITS.ackTimeoutMs,
        nackRetryMs: LIMITS.nackRetryMs,
        frameBytesMax: LIMITS.syncFrameBytesMax,
        sessionTtlMs: LIMITS.sessionTtlMs,
        rebalanceMs: LIMITS.rebalanceMs,
        bootId: 'boot',
        reportSequence: () => 0,
        reconnectSpreadMs: () => options.reconnectSpreadMs ?? 0,
        random: () => 0.5,
      },
      this.#nowMs(),
    );
    this.#unsubscribe = log.onHead(() => this.#run(this.#session.handle({ type: 'head' }, this.#nowMs())));
    call.on('data', (request: SyncRequest) => {
      const frame = clientFrameFromWire(request);
      if (frame.type === 'hello') record.hello = frame.hello;
      if (frame.type === 'bye') record.bye = frame.reason;
      this.#run(this.#session.handle({ type: 'frame', frame }, this.#nowMs()));
    });
    call.on('end', () => call.end());
    this.#schedule();
  }

  pingNow(): void {
    this.#skippedMs += Math.max(0, this.#session.deadlineMs - this.#nowMs()) + 1;
    this.#run(this.#session.handle({ type: 'tick' }, this.#nowMs()));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }

  #nowMs(): number {
    return performance.now() + this.#skippedMs;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const delayMs = this.#session.deadlineMs - this.#nowMs();
    if (Number.isFinite(delayMs))
      this.#timer = setTimeout(
        () => this.#run(this.#session.handle({ type: 'tick' }, this.#nowMs())),
        Math.max(1, Math.ceil(delayMs)),
      );
  }

  #run(effects: readonly SyncServerEffect[]): void {
    for (const effect of effects) this.#take(effect);
    if (!this.#session.closed) this.#schedule();
  }

  #take(effect: SyncServerEffect): void {
    switch (effect.type) {
      case 'welcome':
        this.#call.write(encodeWelcome(effect.welcome));
        return;
      case 'ping':
        this.#call.write(encodePing(effect));
        return;
      case 'drain':
        this.#call.write(encodeDrain(effect));
        return;
      case 'ask-turn':
        this.#run(this.#session.handle({ type: 'turn' }, this.#nowMs()));
        return;
      case 'transfer':
        this.#transfer(effect);
        return;
      case 'confirmed':
        this.#record.confirmed.push(effect.position.revision);
        return;
      case 'refused':
        this.#record.refused.push(effect.code);
        return;
      case 'diverged':
        this.#record.refused.push('diverged');
        return;
      case 'close':
        this.#close(effect.reason, effect.detail);
    }
  }

  #transfer({ kind, from, to, forked }: SyncServerEffect & { type: 'transfer' }): void {
    this.#record.transfers.push(`${kind} ${from?.revision ?? ''}>${to.revision}`);
    const { view } = this.#log;
    const delta = kind === 'delta' ? view.delta(from!.revision)! : { put: [...view.live()], remove: [] };
    const header = { kind, from, to, forked, digest: view.digest };
    for (const bytes of encodeTransfer(header, delta, LIMITS.syncFrameBytesMax)) this.#call.write(bytes);
  }

  #close(reason: CloseReason, detail: string): void {
    const code = CLOSE_CODES[reason];
    if (code !== undefined)
      this.#call.write(encodeStreamError({ code, retryAfterMs: 0, head: this.#log.head, detail }));
    this.#call.end();
  }
}

function environmentOf(log: FixtureLog): SyncEnvironment {
  return {
    ...log.scope,
    head: () => log.head,
    changedRevision: () => log.view.changedRevision,
    digest: () => log.view.digest,
    logIdentity: () => log.identity,
    canDelta: (from) => from.revision >= log.view.floor && log.holds(from),
    hasWithdrawn: (from) => from.revision <= log.head.revision && !log.holds(from),
    freshness: () => ({ stalenessMs: log.stalenessMs, estimated: false, source: 'live' }),
  };
}
