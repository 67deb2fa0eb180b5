/**
 * What the listeners of a process show, kept up to date: the files are read
 * again when they change, and on SIGHUP. Connections that are open keep what
 * they were made with.
 *
 * Holds true: only a whole that fits is ever in force. Files that do not fit
 * (also those that are half replaced) change nothing; that is logged and
 * counted once for what they hold.
 */
import { createHash } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { LIMITS, messageOf } from '@flagstream/protocol';
import type { Logger } from '../log/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { readPemFile, readServerTls, type ServerTls } from './tls-files.ts';
import type { TlsSettings } from './tls-settings.ts';

/** The part of `process` that is used. */
export interface HangupTarget {
  on(signal: 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGHUP', listener: () => void): unknown;
}

export interface ServerIdentityOptions {
  readonly settings: TlsSettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Who gets SIGHUP; absent: nobody, only changes of the files count. */
  readonly hangup?: HangupTarget;
  /** Between two looks at the files, in milliseconds. */
  readonly lookMs?: number;
}

/** Of TLS itself: 1.0 and 1.1 are broken. */
const VERSIONS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const;

export class ServerIdentity {
  readonly #options: ServerIdentityOptions;
  readonly #listeners = new Set<(context: SecureContextOptions) => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #onHangup = (): void => this.reload('SIGHUP');
  #tls: ServerTls;
  /** What was refused last, so that it is told once. */
  #refused: string | undefined;
  #reloads = 0;
  #failures = 0;

  /** Undefined: no TLS is configured. @throws ConfigError naming setting and file */
  static open(options: ServerIdentityOptions): ServerIdentity | undefined {
    const tls = readServerTls(options.settings);
    return tls === undefined ? undefined : new ServerIdentity(options, tls);
  }

  private constructor(options: ServerIdentityOptions, tls: ServerTls) {
    this.#options = options;
    this.#tls = tls;
    this.#timer = setInterval(() => this.reload('change'), options.lookMs ?? LIMITS.certificateLookMs);
    this.#timer.unref();
    options.hangup?.on('SIGHUP', this.#onHangup);
    this.#warnOfExpiry();
    this.#exportMetrics(options.metrics);
  }

  get context(): SecureContextOptions {
    const { cert, key, clientCa } = this.#tls;
    return { ...VERSIONS, cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
  }

  /** Whether who connects must show a certificate; the same for as long as the process runs. */
  get asksClients(): boolean {
    return this.#tls.clientCa !== undefined;
  }

  /** Calls when another certificate is in force. */
  onChange(listener: (context: SecureContextOptions) => void): void {
    this.#listeners.add(listener);
  }

  /** Reads the files; nothing happens when they hold what is in force. */
  reload(cause: 'change' | 'SIGHUP'): void {
    const { settings, logger } = this.#options;
    let tls: ServerTls | undefined;
    const seen = createHash('sha256');
    try {
      tls = readServerTls(settings, (path) => {
        const text = readPemFile(path);
        seen.update(text);
        return text;
      });
    } catch (error) {
      this.#refuse(`${seen.digest('hex')} ${messageOf(error)}`, messageOf(error), cause);
      return;
    }
    this.#refused = undefined;
    if (tls === undefined || sameTls(tls, this.#tls)) return;
    this.#tls = tls;
    this.#reloads += 1;
    for (const listener of this.#listeners) listener(this.context);
    logger.info(
      { cause, not_after: new Date(tls.notAfter * 1000).toISOString() },
      'another certificate is in force',
    );
    this.#warnOfExpiry();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.hangup?.off('SIGHUP', this.#onHangup);
    this.#listeners.clear();
  }

  #refuse(seen: string, detail: string, cause: string): void {
    if (this.#refused === seen && cause !== 'SIGHUP') return;
    this.#refused = seen;
    this.#failures += 1;
    this.#options.logger.error({ cause, detail }, 'new certificates do not fit: the old ones stay in force');
  }

  #warnOfExpiry(): void {
    const { notAfter } = this.#tls;
    if (notAfter * 1000 > Date.now()) return;
    this.#options.logger.warn(
      { not_after: new Date(notAfter * 1000).toISOString() },
      'the certificate of the listeners has expired: clients refuse it',
    );
  }

  #exportMetrics(metrics: Metrics): void {
    metrics.gauge(
      'tls_certificate_not_after_timestamp_seconds',
      'Until when the certificate of the listeners is good, in Unix seconds.',
      [],
      (gauge) => gauge.set(this.#tls.notAfter),
    );
    metrics.counted(
      'tls_reloads_total',
      'Times that another certificate came in force.',
      () => this.#reloads,
    );
    metrics.counted(
      'tls_reload_failures_total',
      'Times that certificates were found that do not fit, and the old ones stayed.',
      () => this.#failures,
    );
  }
}

function sameTls(a: ServerTls, b: ServerTls): boolean {
  return a.cert === b.cert && a.key === b.key && a.clientCa === b.clientCa;
}
