// An evaluator that is made to lag, to die and to come back from its disk: what it follows and who comes to it pass
// through proxies.

import type { RunningEvaluator } from '@flagstream/evaluator';
import { freePort } from '../support/free-port.ts';
import { scrape } from '../support/scrape.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { launchEvaluator } from './delivery-site.ts';

const REFUSED_AS_BEHIND = 'flagstream_stream_closed_total{kind="sync",reason="behind"}';

export class StormNode {
  readonly id: string;
  readonly #port: number;
  readonly #cacheDir: string = tempDir('storm');
  readonly #uplink: TcpProxy;
  readonly #door: TcpProxy;
  #running: RunningEvaluator | undefined;

  private constructor(id: string, port: number, uplink: TcpProxy, door: TcpProxy) {
    this.id = id;
    this.#port = port;
    this.#uplink = uplink;
    this.#door = door;
  }

  /** Ready, with a copy of its state on disk. */
  static async start(id: string, controlPlanePort: number): Promise<StormNode> {
    const port = await freePort();
    const node = new StormNode(id, port, await TcpProxy.start(controlPlanePort), await TcpProxy.start(port));
    await node.start();
    return node;
  }

  /** For clients. */
  get address(): string {
    return this.#door.address;
  }

  async start(): Promise<void> {
    this.#running = await launchEvaluator(this.id, this.#uplink.port, {
      grpcPort: this.#port,
      cacheDir: this.#cacheDir,
    });
    await this.#running.ready();
    this.#door.heal();
  }

  /** Its clients' connections are reset, and nobody listens. */
  async kill(): Promise<void> {
    this.#door.set({ kind: 'cut' });
    await this.#running?.close();
  }

  /** It hears nothing of the log any more, and is not told so. */
  fallBehind(): void {
    this.#uplink.set({ kind: 'hold', direction: 'down' });
  }

  catchUp(): void {
    this.#uplink.heal();
  }

  /** Since its last start. */
  async refusedAsBehind(): Promise<number> {
    return await scrape(this.#running!.managementPort, REFUSED_AS_BEHIND).catch(() => 0);
  }
}
