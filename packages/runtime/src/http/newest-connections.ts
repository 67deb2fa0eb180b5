/**
 * A server with a fixed number of connections, of which the one that was idle
 * the longest gives way to a new one. Refusing the new one instead, as Node
 * does, lets a few silent connections keep every other peer out.
 *
 * Holds true: a connection is as old as its newest sign of a request: its
 * beginning, the request's head, the end of the answer.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

export function keepNewest(server: Server | SecureServer, connectionsMax: number): void {
  /** By peer, as within TLS a request knows another socket than its connection's; the oldest first. */
  const open = new Map<string, Socket>();
  const renew = (peer: string): void => {
    const socket = open.get(peer);
    if (socket === undefined) return;
    open.delete(peer);
    open.set(peer, socket);
  };
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    const [oldest] = open.values();
    if (open.size >= connectionsMax) oldest?.destroy();
    open.set(peer, socket);
    socket.once('close', () => {
      if (open.get(peer) === socket) open.delete(peer);
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const peer = peerOf(socket);
    renew(peer);
    response.once('close', () => renew(peer));
  });
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
