/** For tests: an evaluator on free ports over a log in memory, with real gRPC clients. */
import {
  clientFrameToWire,
  decodeServerFrame,
  type FlagstreamError,
  fromServiceError,
  recordCodec,
} from '@flagstream/protocol';
import {
  EvaluationServiceClient,
  type WatchRequest,
  type WatchResponse,
} from '@flagstream/protocol/gen/flagstream/v1/evaluation';
import {
  StreamServiceClient,
  type SyncRequest,
  SyncResponse,
} from '@flagstream/protocol/gen/flagstream/v1/stream';
import {
  type ClientFrame,
  ClientSet,
  type ServerFrame,
  SyncClientSession,
  type SyncClientSettings,
} from '@flagstream/replica';
import { createLogger, type Logger } from '@flagstream/runtime';
import * as grpc from '@grpc/grpc-js';
import { afterEach } from 'vitest';
import { type EvaluatorConfig, evaluatorConfigSchema } from './evaluator-config.ts';
import type { MemoryLog } from './log.fixture.ts';
import { type EvaluatorDeps, type RunningEvaluator, startEvaluator } from './start-evaluator.ts';

export { callKnown as call } from '../../../test/support/grpc-call.ts';

/** Everything a test opened, closed in reverse order. */
const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** Closes it after the test. */
export function closing<T>(value: T, close: (value: T) => unknown): T {
  opened.push(() => close(value));
  return value;
}

/** Clocks that move when they are told to: the wall's, and one that nobody can set. */
export class TestClock {
  nowMs = 1_800_000_000_000;
  #monotonicMs = 5_000;
  readonly now = (): number => this.nowMs;
  readonly monotonicMs = (): number => this.#monotonicMs;
  /** Time passes. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.#monotonicMs += ms;
  }
  /** Somebody sets the wall clock forward, or back. */
  setBy(ms: number): void {
    this.nowMs += ms;
  }
}

export interface Started {
  readonly evaluator: RunningEvaluator;
  readonly client: EvaluationServiceClient;
  readonly logs: Record<string, unknown>[];
  readonly target: string;
}

export const testConfig = (over: Partial<EvaluatorConfig> = {}): EvaluatorConfig => ({
  ...evaluatorConfigSchema.parse({
    grpcPort: 0,
    managementPort: 0,
    nodeId: 'node-1',
    drainMs: 50,
    // Clocks of tests may stand: nobody's turn would come.
    streamsPerSecond: 100_000,
  }),
  ...over,
});

export function testLogger(): { logger: Logger; logs: Record<string, unknown>[] } {
  const logs: Record<string, unknown>[] = [];
  const destination = { write: (line: string): void => void logs.push(JSON.parse(line)) };
  return {
    logger: createLogger({
      level: 'debug',
      service: 'evaluator',
      version: '0',
      nodeId: 'node-1',
      destination,
    }),
    logs,
  };
}

export async function start(
  log: MemoryLog,
  deps: EvaluatorDeps = {},
  over: Partial<EvaluatorConfig> = {},
): Promise<Started> {
  const { logger, logs } = testLogger();
  const evaluator = await startEvaluator(testConfig(over), {
    source: log,
    snapshots: log,
    authority: log,
    logger,
    random: () => 0.5,
    ...deps,
  });
  opened.push(() => evaluator.close());
  const target = `127.0.0.1:${evaluator.grpcPort}`;
  const client = closing(new EvaluationServiceClient(target, grpc.credentials.createInsecure()), (c) =>
    c.close(),
  );
  return { evaluator, client, logs, target };
}

/** Until so many calls wait for a revision. Asked in each turn of the loop: a wait is over soon. */
export async function waiting({ evaluator }: Started, calls = 1): Promise<void> {
  while (evaluator.waiting() < calls) await new Promise((resolve) => setImmediate(resolve));
}

/** What a call that must fail failed with. */
export async function failure(promise: Promise<unknown>): Promise<FlagstreamError> {
  try {
    await promise;
  } catch (error) {
    return error as FlagstreamError;
  }
  throw new Error('the call succeeded');
}

/** Messages of a stream as they come, and how it ended. */
export class Inbox<T> {
  readonly messages: T[] = [];
  error: FlagstreamError | undefined;
  ended = false;
  #waiting: (() => void)[] = [];

  constructor(stream: grpc.ClientReadableStream<T> | grpc.ClientDuplexStream<never, T>) {
    stream.on('data', (message: T) => {
      this.messages.push(message);
      this.#wake();
    });
    stream.on('error', (error: grpc.ServiceError) => {
      this.error = fromServiceError(error);
      this.#wake();
    });
    stream.on('end', () => {
      this.ended = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Waits until something holds of what came in. The test's time limit ends it. */
  async until<R>(condition: () => R | undefined): Promise<R> {
    for (;;) {
      const answer = condition();
      if (answer !== undefined && answer !== false) return answer;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}

export function watch(client: EvaluationServiceClient, request: Partial<WatchRequest>): Inbox<WatchResponse> {
  const stream = client.watch({ flagKeys: [], heartbeatMs: 0, allowStale: false, ...request });
  opened.push(() => stream.cancel());
  return new Inbox(stream);
}

export const clientSettings: SyncClientSettings = {
  instanceId: 'client-1',
  sdk: { name: 'test', version: '0', language: 'typescript' },
  heartbeatMs: 0,
  frameBytesMax: 0,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 100_000,
  welcomeTimeoutMs: 5_000,
};

/** A Sync call whose frames a test sees one by one. */
export class SyncProbe {
  readonly inbox: Inbox<SyncResponse>;
  readonly #stream: grpc.ClientDuplexStream<SyncRequest, SyncResponse>;

  constructor(target: string) {
    const client = closing(new StreamServiceClient(target, grpc.credentials.createInsecure()), (c) =>
      c.close(),
    );
    this.#stream = client.sync();
    opened.push(() => this.#stream.cancel());
    this.inbox = new Inbox(this.#stream as grpc.ClientDuplexStream<never, SyncResponse>);
  }

  get frames(): readonly ServerFrame[] {
    return this.inbox.messages.map((message) => decodeServerFrame(SyncResponse.encode(message).finish()));
  }

  send(frame: ClientFrame): void {
    this.#stream.write(clientFrameToWire(frame));
  }

  write(request: SyncRequest): void {
    this.#stream.write(request);
  }

  cancel(): void {
    this.#stream.cancel();
  }

  frame<T extends ServerFrame['type']>(type: T, nth = 0): Promise<ServerFrame & { type: T }> {
    return this.inbox.until(
      () => this.frames.filter((frame): frame is ServerFrame & { type: T } => frame.type === type)[nth],
    );
  }

  async error(): Promise<FlagstreamError> {
    return this.inbox.until(() => this.inbox.error);
  }
}

/** A client that holds a set and keeps it up to date over a real stream. */
export class SyncClient {
  readonly probe: SyncProbe;
  readonly session: SyncClientSession;
  /** Revisions that were in force, in order. */
  readonly revisions: number[] = [];
  readonly intents: string[] = [];
  readonly #now: () => number;

  constructor(target: string, set: ClientSet = ClientSet.empty(), now: () => number = Date.now) {
    this.#now = now;
    this.session = new SyncClientSession(recordCodec.sha256, clientSettings, set);
    this.probe = new SyncProbe(target);
    let seen = 0;
    this.#perform({ type: 'opened', attempt: 0 });
    void this.probe.inbox.until(() => {
      const frames = this.probe.frames;
      for (; seen < frames.length; seen++) this.#perform({ type: 'frame', frame: frames[seen]! });
      return this.session.closed || this.probe.inbox.error !== undefined || this.probe.inbox.ended;
    });
  }

  async at(revision: number): Promise<void> {
    while ((this.session.set.position?.revision ?? 0) < revision || !this.session.live)
      await new Promise((resolve) => setImmediate(resolve));
  }

  #perform(event: Parameters<SyncClientSession['handle']>[0]): void {
    for (const effect of this.session.handle(event, this.#now())) {
      if (effect.type === 'send') this.probe.send(effect.frame);
      if (effect.type === 'welcomed') this.intents.push(effect.welcome.intent);
      if (effect.type === 'apply') {
        this.revisions.push(effect.transfer.to.revision);
        this.#perform({ type: 'applied', transferId: effect.transfer.transferId, applyUs: 1 });
      }
    }
  }
}
