/**
 * Binds a server to its address, or says in the user's words why it cannot be.
 */
import type { AddressInfo, Server } from 'node:net';
import { fail, LIMITS } from '@flagstream/protocol';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** This process alone has it: node:cluster would share it among workers. */
  readonly exclusive?: boolean;
}

/**
 * Resolves to the bound address.
 * @param purpose what listens there, for the message: "the evaluator's gRPC port"
 * @throws FlagstreamError PORT_IN_USE, or CONFIG_INVALID for an address that cannot be bound at all
 */
export function claimPort(server: Server, address: ListenAddress, purpose: string): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(bindError(error, address, purpose));
    server.once('error', onError);
    const { host, port, exclusive = false } = address;
    server.listen({ host, port, exclusive, backlog: LIMITS.acceptQueueMax }, () => {
      server.off('error', onError);
      const bound = server.address() as AddressInfo;
      resolve({ host, port: bound.port });
    });
  });
}

function bindError(error: NodeJS.ErrnoException, { host, port }: ListenAddress, purpose: string): Error {
  const where = `${host}:${port}`;
  const metadata = { host, port: String(port) };
  switch (error.code) {
    case 'EADDRINUSE':
      return fail(
        'PORT_IN_USE',
        `port ${port} (${purpose}) is in use on ${host}: stop the other process, or choose other ports (dev: --port-base N; serve: --grpc-port N, --management-port N, --sync-port N, --ofrep-port N, --workers-management-port N)`,
        { metadata, cause: error },
      );
    case 'EACCES':
      return fail(
        'CONFIG_INVALID',
        `${purpose}: this user may not listen on ${where}; ports below 1024 need privileges`,
        { metadata, cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fail('CONFIG_INVALID', `${purpose}: ${host} is not an address of this machine`, {
        metadata,
        cause: error,
      });
    default:
      return error;
  }
}
