/**
 * What a connection that this process makes trusts and shows, kept up to date
 * as a listener's certificate is: a new connection uses what the files hold
 * then, one that is open is left alone.
 */
import type { Logger } from '../log/logger.ts';
import { type Looks, RenewedFiles, type RenewedFilesOptions } from './renewed-files.ts';
import { type ConnectionTls, notAfterOf } from './tls-files.ts';

/** What every identity has; keys and passwords come beside it. */
export interface WithConnectionTls {
  /** Absent: plaintext. */
  readonly tls?: ConnectionTls | undefined;
}

export interface ConnectionIdentityOptions<T> extends Looks, Pick<RenewedFilesOptions<T>, 'read'> {
  /** In logs and metrics: whom it connects to. */
  readonly connection: string;
  readonly logger: Logger;
}

export class ConnectionIdentity<T extends WithConnectionTls> {
  readonly connection: string;
  readonly #files: RenewedFiles<T>;
  readonly #logger: Logger;

  /** @throws ConfigError naming setting and file */
  constructor({ connection, logger, ...options }: ConnectionIdentityOptions<T>) {
    this.connection = connection;
    this.#logger = logger;
    this.#files = new RenewedFiles({
      ...options,
      renewed: (_, cause) => {
        const not_after = this.notAfter;
        const until = not_after === undefined ? {} : { not_after: new Date(not_after * 1000).toISOString() };
        logger.info({ connection, cause, ...until }, 'a new connection shows what its files hold now');
        this.#warnOfExpiry();
      },
      refused: (detail, cause) =>
        logger.error(
          { connection, cause, detail },
          'what a connection should show does not fit: what it showed before stays in force',
        ),
    });
    this.#warnOfExpiry();
  }

  /** What the last look found. */
  get value(): T {
    return this.#files.value;
  }

  /** Unix seconds: the certificate it shows is good until then. Undefined: it shows none. */
  get notAfter(): number | undefined {
    const cert = this.value.tls?.cert;
    return cert === undefined ? undefined : notAfterOf(cert);
  }

  get renewals(): number {
    return this.#files.renewals;
  }

  get refusals(): number {
    return this.#files.refusals;
  }

  /** For a connection that is made now: looks at the files first. */
  forConnection(): T {
    this.#files.look('connection');
    return this.value;
  }

  close(): void {
    this.#files.close();
  }

  #warnOfExpiry(): void {
    const { connection, notAfter } = this;
    if (notAfter === undefined || notAfter * 1000 > Date.now()) return;
    this.#logger.warn(
      { connection, not_after: new Date(notAfter * 1000).toISOString() },
      'the certificate that a connection shows has expired: it is refused',
    );
  }
}
