/**
 * The identities of all connections that a process makes: opened with it,
 * counted by connection, closed with it.
 */
import process from 'node:process';
import type { ReadText } from '../config/config-sources.ts';
import { readSecretAgain } from '../config/secret-file.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { ConnectionIdentity, type WithConnectionTls } from './connection-identity.ts';
import type { Looks } from './renewed-files.ts';

export interface ConnectionIdentitiesOptions extends Pick<Looks, 'lookMs'> {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** SIGHUP makes them read their files again; false where a hangup ends the process. Default true. */
  readonly reloadsOnHangup?: boolean | undefined;
  /** Files that secret settings came from, by key; see ResolvedConfig. */
  readonly secretFiles?: ReadonlyMap<string, string> | undefined;
}

type Counted = Pick<
  ConnectionIdentity<WithConnectionTls>,
  'connection' | 'notAfter' | 'renewals' | 'refusals'
>;

/** What an identity is made of. */
export interface IdentityFiles {
  readonly read: ReadText;
  /** A secret setting: from its file when it was given as one, else as it was configured. */
  secret(key: string, configured: string | undefined): string | undefined;
}

export class ConnectionIdentities {
  readonly #options: ConnectionIdentitiesOptions;
  readonly #opened: Counted[] = [];

  constructor(options: ConnectionIdentitiesOptions) {
    this.#options = options;
    this.#exportMetrics(options.metrics);
  }

  /**
   * @param connection label of metrics and logs: "control_plane"
   * @throws ConfigError naming setting and file
   */
  async open<T extends WithConnectionTls>(
    connection: string,
    make: (files: IdentityFiles) => T,
  ): Promise<ConnectionIdentity<T>> {
    const { lifecycle, logger, reloadsOnHangup = true, secretFiles, lookMs } = this.#options;
    const identity = await lifecycle.start(
      `identity for ${connection}`,
      () =>
        new ConnectionIdentity<T>({
          connection,
          logger,
          lookMs,
          hangup: reloadsOnHangup ? process : undefined,
          read: (read) => make({ read, secret: secretReader(read, secretFiles) }),
        }),
      (opened) => opened.close(),
    );
    this.#opened.push(identity);
    return identity;
  }

  #exportMetrics(metrics: Metrics): void {
    metrics.gauge(
      'tls_connection_certificate_not_after_timestamp_seconds',
      'Until when the certificate that a connection shows is good, in Unix seconds.',
      ['connection'],
      (gauge) => {
        for (const { connection, notAfter } of this.#opened)
          if (notAfter === undefined) gauge.remove({ connection });
          else gauge.set({ connection }, notAfter);
      },
    );
    metrics.countedBy(
      'connection',
      'tls_connection_reloads_total',
      'Times that new connections began to show other certificates, keys or passwords.',
      () => this.#opened.map(({ connection, renewals }) => [connection, renewals]),
    );
    metrics.countedBy(
      'connection',
      'tls_connection_reload_failures_total',
      'Times that files of a connection were found that do not fit, and what was shown before stayed.',
      () => this.#opened.map(({ connection, refusals }) => [connection, refusals]),
    );
  }
}

function secretReader(
  read: ReadText,
  secretFiles: ReadonlyMap<string, string> | undefined,
): IdentityFiles['secret'] {
  return (key, configured) => {
    const file = secretFiles?.get(key);
    return file === undefined ? configured : readSecretAgain(key, file, read);
  };
}
