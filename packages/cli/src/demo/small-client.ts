/**
 * A client of Sync over a connection of its own. It decodes every frame, keeps
 * the set that it is sent, acknowledges it once it holds it, and evaluates
 * nothing: so that one process has room for a thousand.
 */
import {
  decodeServerFrame,
  encodeClientFrame,
  fail,
  fromServiceError,
  LIMITS,
  sha256,
} from '@flagstream/protocol';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type SyncClientEffect, type SyncClientEvent, SyncClientSession } from '@flagstream/replica';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { VERSION } from '../version.ts';

const SETTINGS = {
  sdk: { name: 'flagstream-demo', version: VERSION, language: 'javascript' },
  /** The server's default. */
  heartbeatMs: 0,
  frameBytesMax: LIMITS.syncFrameBytesMax,
  heartbeatsMissedMax: LIMITS.heartbeatsMissedMax,
  /** The demo's shop has some dozens. */
  transferEntitiesMax: 1_000,
  welcomeTimeoutMs: 10_000,
};

const asBytes = (bytes: Buffer): Buffer => bytes;

export class SmallClient {
  readonly instanceId: string;
  /** Settles once it holds a set. @throws FlagstreamError as the stream ended before */
  readonly current: Promise<void>;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #session: SyncClientSession;
  /** Received while it is frozen, and not looked at. */
  #waiting: Buffer[] | undefined;
  #becameCurrent: () => void = () => undefined;
  #ended: (error: Error) => void = () => undefined;

  /** @param address of an evaluator that speaks plaintext and asks for no key, host:port */
  constructor(address: string, instanceId: string) {
    this.instanceId = instanceId;
    this.current = new Promise((resolve, reject) => {
      this.#becameCurrent = resolve;
      this.#ended = reject;
    });
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#session = new SyncClientSession(sha256, { ...SETTINGS, instanceId });
    this.#stream = this.#client.makeBidiStreamRequest(StreamServiceService.sync.path, asBytes, asBytes);
    this.#stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#stream.on('error', (error: ServiceError) => this.#ended(fromServiceError(error)));
    this.#handle({ type: 'opened', attempt: 0 });
  }

  /** Keeps its connection and looks at nothing that comes: as a process that hangs. */
  freeze(): void {
    this.#waiting ??= [];
  }

  /** Looks at what came meanwhile, in its order. */
  thaw(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const bytes of waiting) this.#receive(bytes);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #receive(bytes: Buffer): void {
    if (this.#waiting === undefined) this.#handle({ type: 'frame', frame: decodeServerFrame(bytes) });
    else this.#waiting.push(bytes);
  }

  #handle(event: SyncClientEvent): void {
    for (const effect of this.#session.handle(event, performance.now())) this.#take(effect);
    if (this.#session.live) this.#becameCurrent();
  }

  #take(effect: SyncClientEffect): void {
    if (effect.type === 'send') this.#stream.write(encodeClientFrame(effect.frame));
    // The session has checked the set and holds it from here on.
    else if (effect.type === 'apply')
      this.#handle({ type: 'applied', transferId: effect.transfer.transferId, applyUs: 0 });
    else if (effect.type === 'close') {
      this.#ended(fail('UNREACHABLE', `the stream of ${this.instanceId} ended: ${effect.reason}`));
      this.close();
    }
  }
}
