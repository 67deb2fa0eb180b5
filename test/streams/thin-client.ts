// A client of Sync that decodes every frame and acknowledges truthfully, over a connection of its own, and evaluates
// nothing: so that one process holds a thousand.

import { decodeServerFrame, encodeClientFrame, sha256 } from '@flagstream/protocol';
import { StreamServiceService } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { type ClientSet, SyncClientSession } from '@flagstream/replica';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';

const SETTINGS = {
  sdk: { name: 'thin-client', version: '1.0.0', language: 'test' },
  heartbeatMs: 10_000,
  frameBytesMax: 262_144,
  heartbeatsMissedMax: 2.5,
  transferEntitiesMax: 100_000,
  welcomeTimeoutMs: 10_000,
};

export interface ThinClientOptions {
  readonly frameBytesMax?: number;
  /** Called with each set that it is about to bring in force. */
  readonly onApply?: (set: ClientSet) => void;
}

const asBytes = (bytes: Buffer): Buffer => bytes;

export class ThinClient {
  readonly instanceId: string;
  /** What comes is received and not looked at. */
  frozen = false;
  /** Its apply step fails. */
  broken = false;
  /** Bytes that came while it was frozen. */
  ignoredBytes = 0;
  /** Transfers that it was sent, confirmed or not. */
  transfers = 0;
  /** Of these: came in more than one frame. */
  partedTransfers = 0;
  /** Revisions that it confirmed, in their order. */
  readonly confirmed: number[] = [];
  ended: Error | undefined;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #session: SyncClientSession;
  readonly #waiting: Buffer[] = [];
  readonly #options: ThinClientOptions;

  constructor(port: number, instanceId: string, options: ThinClientOptions = {}) {
    this.instanceId = instanceId;
    this.#options = options;
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
    const { frameBytesMax = SETTINGS.frameBytesMax } = options;
    this.#session = new SyncClientSession(sha256, { ...SETTINGS, instanceId, frameBytesMax });
    this.#stream = this.#client.makeBidiStreamRequest(StreamServiceService.sync.path, asBytes, asBytes);
    this.#stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#stream.on('error', (error: Error) => {
      this.ended ??= error;
    });
    this.#handle({ type: 'opened', attempt: 0 });
  }

  get revision(): number {
    return this.#session.set.position?.revision ?? 0;
  }

  /** Looks at what came meanwhile, in its order. */
  thaw(): void {
    this.frozen = false;
    for (const bytes of this.#waiting.splice(0)) this.#receive(bytes);
  }

  /** Leaves without a word, as a process that is killed. */
  vanish(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #receive(bytes: Buffer): void {
    if (this.frozen) {
      this.ignoredBytes += bytes.length;
      this.#waiting.push(bytes);
      return;
    }
    const frame = decodeServerFrame(bytes);
    if (frame.type === 'begin') this.partedTransfers += 1;
    this.#handle({ type: 'frame', frame });
  }

  #handle(event: Parameters<SyncClientSession['handle']>[0]): void {
    for (const effect of this.#session.handle(event, performance.now())) {
      if (effect.type === 'send') {
        if (effect.frame.type === 'ack') this.confirmed.push(effect.frame.transferId);
        this.#stream.write(encodeClientFrame(effect.frame));
      } else if (effect.type === 'apply') {
        this.#options.onApply?.(effect.set);
        this.#apply(effect.transfer.transferId);
      } else if (effect.type === 'close') this.ended ??= new Error(effect.reason);
    }
  }

  #apply(transferId: number): void {
    this.transfers += 1;
    this.#handle(
      this.broken
        ? { type: 'apply-failed', transferId, detail: 'the apply step is broken' }
        : { type: 'applied', transferId, applyUs: 1 },
    );
  }
}
