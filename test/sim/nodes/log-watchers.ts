/**
 * The server's side of WatchLog: each watcher is a place in the log that moves
 * on as it is read, over a connection that keeps order.
 */
import { FlagstreamError } from '@flagstream/protocol';
import type { HeadBeacon, Position } from '@flagstream/replica';
import type { ChangeLog } from '../../../services/control-plane/src/log/change-log.ts';
import { LogCursor } from '../../../services/control-plane/src/log/log-cursor.ts';
import type { Connection } from '../world/connection.ts';
import type { Network } from '../world/network.ts';
import type { Process } from '../world/process.ts';

export type WatchMessage =
  | { readonly kind: 'records'; readonly records: readonly Uint8Array[] }
  | { readonly kind: 'head'; readonly beacon: HeadBeacon }
  | { readonly kind: 'behind'; readonly detail: string };

export class LogWatchers {
  readonly #process: Process;
  readonly #network: Network;
  readonly #watchers = new Map<Connection, LogCursor>();
  #log: ChangeLog | undefined;

  constructor(process: Process, network: Network) {
    this.#process = process;
    this.#network = network;
  }

  open(log: ChangeLog): void {
    this.#log = log;
    log.onCommit(() => this.#deliver());
  }

  forget(): void {
    this.#watchers.clear();
    this.#log = undefined;
  }

  /** A call came from `client`; undefined while nobody answers the door. */
  watch(
    client: Process,
    after: Position,
    hear: { message(message: WatchMessage): void; ended(reason: string): void },
  ): Connection {
    const connection = this.#network.connect(client, this.#process, {
      receive: (side, message) => {
        if (side === 'client') hear.message(message as WatchMessage);
        else this.#accept(connection, message as Position);
      },
      ended: (side, reason) => {
        if (side === 'client') hear.ended(reason);
        else this.#watchers.delete(connection);
      },
    });
    connection.send('client', after);
    return connection;
  }

  /** Ends every call: the log turned out to be a branch that may be given up. */
  refuse(): void {
    for (const connection of this.#watchers.keys()) connection.close('server', 'refused');
    this.#watchers.clear();
  }

  head(beacon: HeadBeacon): void {
    for (const connection of this.#watchers.keys()) connection.send('server', { kind: 'head', beacon });
  }

  #accept(connection: Connection, after: Position): void {
    if (this.#log === undefined) return;
    if (this.#log.refusal !== undefined) {
      connection.close('server', 'refused');
      return;
    }
    try {
      this.#watchers.set(connection, new LogCursor(this.#log.store, after));
    } catch (error) {
      if (!(error instanceof FlagstreamError)) throw error;
      connection.send('server', { kind: 'behind', detail: error.message });
      return;
    }
    this.#deliver();
  }

  #deliver(): void {
    for (const [connection, cursor] of this.#watchers)
      for (let records = cursor.next(); records.length > 0; records = cursor.next())
        connection.send('server', { kind: 'records', records });
  }
}
