/**
 * nats.js's connection, whose socket is heard to its end.
 *
 * nats.js takes its listeners off a socket when it gives it up. An error that
 * the socket still has to tell (a frame written just after the server ended
 * the connection) is then heard by nobody, and ends the process.
 */
import type { ConnectionOptions, NatsConnection } from 'nats';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/src/nats-base-client.js';
import { NodeTransport, nodeResolveHost } from 'nats/lib/src/node_transport.js';

class HeardTransport extends NodeTransport {
  override setupHandlers(): void {
    super.setupHandlers();
    const { socket } = this;
    const takeOff = socket.removeAllListeners.bind(socket);
    socket.removeAllListeners = (...event) => takeOff(...event).on('error', () => undefined);
  }
}

/** As `connect` of nats.js. @throws NatsError */
export function connectNats(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new HeardTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
