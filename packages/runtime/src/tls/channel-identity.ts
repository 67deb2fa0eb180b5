/**
 * Credentials of a gRPC channel from an identity: each connection that the
 * channel makes uses what the identity holds then.
 *
 * grpc-js can watch files itself (FileWatcherCertificateProvider), but its
 * timer keeps a process alive, it needs a file of authorities where ours may be
 * the system's, and it has a certificate with the key of another fail each
 * connection until both fit. So only its seam is used: a connection asks its
 * credentials for how to speak TLS.
 */
import { ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { ConnectionIdentity, WithConnectionTls } from './connection-identity.ts';
import type { ConnectionTls } from './tls-files.ts';

type CreateConnector = ChannelCredentials['_createSecureConnector'];

/** Plaintext where the settings say so, which they do for as long as the process runs. */
export function channelCredentials(
  identity: Pick<ConnectionIdentity<WithConnectionTls>, 'value' | 'forConnection'>,
): ChannelCredentials {
  const { tls } = identity.value;
  if (tls === undefined) return credentials.createInsecure();
  return new RenewedCredentials(() => createSsl(identity.forConnection().tls ?? tls));
}

class RenewedCredentials extends ChannelCredentials {
  readonly #current: () => ChannelCredentials;

  constructor(current: () => ChannelCredentials) {
    super();
    this.#current = current;
  }

  override _isSecure(): boolean {
    return true;
  }

  /** Channels with equal credentials share connections. */
  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  /** Asked once for each address that the channel connects to; the connector it gives, for each connection. */
  override _createSecureConnector(...parameters: Parameters<CreateConnector>): ReturnType<CreateConnector> {
    const connectorNow = (): ReturnType<CreateConnector> =>
      this.#current()._createSecureConnector(...parameters);
    // Of the credentials of calls, which do not change.
    const first = connectorNow();
    return {
      connect: async (socket) => connectorNow().connect(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => first.destroy(),
    };
  }
}

function createSsl({ ca, cert, key }: ConnectionTls): ChannelCredentials {
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(pem(ca), pem(key), pem(cert));
}
