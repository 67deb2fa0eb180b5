// What an evaluator sends one client, byte for byte: to count it, and to send the same from a server that does nothing
// else.

import { decodeServerFrame } from '@flagstream/protocol';
import { ClientSet } from '@flagstream/replica';
import type { Way } from '../../load/bare-stream.ts';
import { Inbox } from '../../load/inbox.ts';
import { ConnectTally, LoadClient } from '../../load/load-client.ts';
import { hold } from '../../support/resources.ts';
import { until } from '../../support/until.ts';

/** So long that a server which sends no pings is not called silent within a measurement. */
export const HEARTBEAT_MS = 60_000;
/** Around each message: gRPC's head and that of a DATA frame. */
const HEAD_BYTES = 14;

export interface CapturedChange {
  readonly revision: number;
  readonly frames: readonly Buffer[];
  /** On the wire but for TCP and TLS. */
  readonly bytes: number;
  /** Content of the entities that the change puts. */
  readonly entityBytes: number;
}

export class FrameCapture {
  readonly #client: LoadClient;
  /** Since the last look; pings are left out. */
  #frames: Buffer[] = [];

  private constructor(endpoint: string, way: Way) {
    this.#client = new LoadClient({
      instanceId: 'capture',
      endpoints: [endpoint],
      startAtFirst: true,
      way,
      heartbeatMs: HEARTBEAT_MS,
      held: ClientSet.empty(),
      inbox: new Inbox(),
      tally: new ConnectTally(),
      tap: (bytes) => {
        if (decodeServerFrame(bytes).type !== 'ping') this.#frames.push(bytes);
      },
    });
    hold({ what: 'a captured stream', release: () => this.#client.close(), releaseNow: () => undefined });
  }

  /** Resolves with what a stream begins with: its Welcome and the first transfer. */
  static async open(
    endpoint: string,
    way: Way,
    revision: number,
  ): Promise<{ readonly capture: FrameCapture; readonly opening: CapturedChange }> {
    const capture = new FrameCapture(endpoint, way);
    return { capture, opening: await capture.take(revision) };
  }

  /** What has come since the last look, once the client has the revision. */
  async take(revision: number): Promise<CapturedChange> {
    await until(() => this.#client.isCurrent(revision), {
      what: `the captured stream at revision ${revision}`,
      timeoutMs: 60_000,
    });
    const frames = this.#frames;
    this.#frames = [];
    return {
      revision: this.#client.set.position?.revision ?? 0,
      frames,
      bytes: frames.reduce((sum, { length }) => sum + length + HEAD_BYTES, 0),
      entityBytes: frames.reduce((sum, bytes) => sum + contentBytes(bytes), 0),
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function contentBytes(bytes: Buffer): number {
  const frame = decodeServerFrame(bytes);
  const put = frame.type === 'update' ? frame.transfer.put : frame.type === 'items' ? frame.put : [];
  return put.reduce((sum, { change }) => sum + change.content.length, 0);
}
