// When NATS had which record, as NATS tells the control plane: the acknowledgements of the stream, overheard. Nothing
// is asked of either, so that what is measured goes on as without it.

import { logStreamName } from '@flagstream/protocol';
import { connect, type NatsConnection } from 'nats';
import { hold } from '../../support/resources.ts';
import { until } from '../../support/until.ts';
import type { NodePlace } from './nodes.ts';

/** An acknowledged write. */
export interface AnsweredWrite {
  readonly revision: number;
  /** Of performance.now(). */
  readonly answeredMs: number;
}

/** What a disk that is lost at that moment would take along. */
export interface Unshipped {
  /** Until the stream had the write; 0 where it had it before the answer. */
  readonly ms: number;
  /** Acknowledged writes that the stream had not acknowledged, this one among them. */
  readonly records: number;
}

/** Subjects of answers, among them the stream's to who publishes. */
const ANSWERS = '_INBOX.>';

/** Of a log in its first epoch, where a record's sequence in the stream is its revision. */
export class ShipWatch {
  readonly #connection: NatsConnection;
  readonly #stream: string;
  readonly #shippedMs = new Map<number, number>();

  private constructor(connection: NatsConnection, stream: string) {
    this.#connection = connection;
    this.#stream = stream;
    connection.subscribe(ANSWERS, { callback: (_error, message) => this.#heard(message.data) });
  }

  static async start({ natsUrl, prefix }: NodePlace): Promise<ShipWatch> {
    const connection = await connect({ servers: natsUrl });
    hold({
      what: 'watch for acknowledgements of the stream',
      release: () => connection.close(),
      releaseNow: () => undefined,
    });
    const watch = new ShipWatch(connection, logStreamName(prefix, 1));
    await connection.flush();
    return watch;
  }

  /** For each write, at the moment of its answer. Waits until all are shipped. */
  async unshipped(writes: readonly AnsweredWrite[]): Promise<readonly Unshipped[]> {
    await until(() => writes.every(({ revision }) => this.#shippedMs.has(revision)), {
      what: 'the stream to acknowledge every write',
    });
    return writes.map(({ revision, answeredMs }) => {
      let records = 0;
      while ((this.#shippedMs.get(revision - records) ?? 0) > answeredMs) records++;
      return { ms: Math.max(0, this.#shippedMs.get(revision)! - answeredMs), records };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #heard(data: Uint8Array): void {
    const answer = parsed(data);
    if (answer?.stream === this.#stream && answer.seq !== undefined)
      this.#shippedMs.set(answer.seq, performance.now());
  }
}

/** Undefined for another kind of answer: a record, a head. */
function parsed(data: Uint8Array): { readonly stream?: string; readonly seq?: number } | undefined {
  try {
    return JSON.parse(Buffer.from(data).toString()) as { readonly stream?: string; readonly seq?: number };
  } catch {
    return undefined;
  }
}
