/**
 * What the listeners of a process show, kept up to date: the files are read
 * again when they change, and on SIGHUP. Connections that are open keep what
 * they were made with.
 */
import type { SecureContextOptions } from 'node:tls';
import type { ReadText } from '../config/config-sources.ts';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type LookCause, type Looks, RenewedFiles } from './renewed-files.ts';
import { readServerTls, type ServerTls } from './tls-files.ts';
import type { TlsSettings } from './tls-settings.ts';

export interface ServerIdentityOptions extends Looks {
  readonly settings: TlsSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Of TLS itself: 1.0 and 1.1 are broken. */
const VERSIONS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;

export class ServerIdentity {
  readonly #files: RenewedFiles<ServerTls>;
  readonly #logger: Logger;
  readonly #listeners = new Set<(context: SecureContextOptions) => void>();

  /** Undefined: no TLS is configured. @throws ConfigError naming setting and file */
  static open(options: ServerIdentityOptions): ServerIdentity | undefined {
    const { certFile, keyFile, clientCaFile } = options.settings;
    if ((certFile ?? keyFile ?? clientCaFile) === undefined) return undefined;
    return new ServerIdentity(options);
  }

  private constructor({ settings, logger, metrics, ...looks }: ServerIdentityOptions) {
    this.#logger = logger;
    this.#files = new RenewedFiles({
      ...looks,
      read: (read) => readListenerTls(settings, read),
      renewed: (tls, cause) => this.#renewed(tls, cause),
      refused: (detail, cause) =>
        logger.error({ cause, detail }, 'new certificates do not fit: the old ones stay in force'),
    });
    this.#warnOfExpiry();
    this.#exportMetrics(metrics);
  }

  get context(): SecureContextOptions {
    const { cert, key, clientCa } = this.#files.value;
    return { ...VERSIONS, cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  }

  /** Whether who connects must show a certificate; the same for as long as the process runs. */
  get asksClients(): boolean {
    return this.#files.value.clientCa !== undefined;
  }

  /** Calls when another certificate is in force. */
  onChange(listener: (context: SecureContextOptions) => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the files; nothing happens when they hold what is in force. */
  reload(cause: LookCause): void {
    this.#files.look(cause);
  }

  close(): void {
    this.#files.close();
    this.#listeners.clear();
  }

  #renewed({ notAfter }: ServerTls, cause: LookCause): void {
    for (const listener of this.#listeners) listener(this.context);
    const not_after = new Date(notAfter * 1000).toISOString();
    this.#logger.info({ cause, not_after }, 'another certificate is in force');
    this.#warnOfExpiry();
  }

  #warnOfExpiry(): void {
    const { notAfter } = this.#files.value;
    if (notAfter * 1000 > Date.now()) return;
    this.#logger.warn(
      { not_after: new Date(notAfter * 1000).toISOString() },
      'the certificate of the listeners has expired: clients refuse it',
    );
  }

  #exportMetrics(metrics: Metrics): void {
    metrics.gauge(
      'tls_certificate_not_after_timestamp_seconds',
      'Until when the certificate of the listeners is good, in Unix seconds.',
      [],
      (gauge) => gauge.set(this.#files.value.notAfter),
    );
    metrics.counted(
      'tls_reloads_total',
      'Times that another certificate came in force.',
      () => this.#files.renewals,
    );
    metrics.counted(
      'tls_reload_failures_total',
      'Times that certificates were found that do not fit, and the old ones stayed.',
      () => this.#files.refusals,
    );
  }
}

/** @throws ConfigError */
function readListenerTls(settings: TlsSettings, read: ReadText): ServerTls {
  const tls = readServerTls(settings, read);
  // Files were given, and an authority of clients alone is refused.
  if (tls === undefined) throw new TypeError('the settings name no certificate');
  return tls;
}
