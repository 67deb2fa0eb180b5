/**
 * Whether a nats-server speaks at an address: it greets whoever connects.
 *
 * Asked before each connection, because nats.js gives up a server that accepts
 * and then says nothing (stopped, or behind a proxy whose backend is gone)
 * without closing the socket: attempt by attempt the process would run out of
 * file descriptors, and one that wants to end never would.
 */
import { createConnection } from 'node:net';

const PORT_DEFAULT = '4222';

/** @throws Error when no greeting came within `timeoutMs`, or what the network says */
export function awaitGreeting(server: string, timeoutMs: number): Promise<void> {
  const { hostname, port } = new URL(server.includes('://') ? server : `nats://${server}`);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = createConnection({ host, port: Number(port || PORT_DEFAULT) });
  return new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('TIMEOUT: it says nothing')), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('data', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('end', () => fail(new Error('it closed the connection')));
    // Stays for errors that come after the verdict: nobody else hears them.
    socket.on('error', fail);
  }).finally(() => socket.destroy());
}
