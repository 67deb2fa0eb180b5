// A TCP connection as an attacker holds it: bytes go out in portions, what comes back is counted, and it ends within
// a bounded time whatever the other side does.

import { connect, type Socket } from 'node:net';

export interface Exchange {
  readonly portions: readonly Uint8Array[];
  /** Says that nothing more comes. Default true. */
  readonly halfClose?: boolean;
  /** Longest time before this side cuts the connection. */
  readonly holdMs?: number;
  /** Between portions: each is a packet of its own. Default: all at once. */
  readonly betweenMs?: number;
  /** Cuts at once, without reading anything. */
  readonly reset?: boolean;
}

export interface Exchanged {
  readonly received: Buffer;
  /** closed: by the listener; cut: by us, after holdMs. */
  readonly end: 'closed' | 'cut' | 'refused';
}

const HOLD_MS = 400;
const RECEIVED_BYTES_MAX = 65_536;

export function exchange(port: number, options: Exchange): Promise<Exchanged> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let end: Exchanged['end'] = 'refused';
    const timer = setTimeout(() => {
      end = 'cut';
      socket.destroy();
    }, options.holdMs ?? HOLD_MS);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes <= RECEIVED_BYTES_MAX) chunks.push(chunk);
    });
    // The close that follows is what counts.
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      end = 'closed';
      void sendPortions(socket, options);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve({ received: Buffer.concat(chunks), end });
    });
  });
}

async function sendPortions(socket: Socket, options: Exchange): Promise<void> {
  for (const portion of options.portions) {
    if (socket.destroyed) return;
    socket.write(portion);
    if (options.betweenMs !== undefined)
      await new Promise((resolve) => {
        setTimeout(resolve, options.betweenMs);
      });
  }
  if (options.reset === true) socket.resetAndDestroy();
  else if (options.halfClose !== false) socket.end();
}
