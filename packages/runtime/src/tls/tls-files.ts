/**
 * Certificates and keys from their files, checked as a whole: what cannot be
 * read, is no PEM or does not fit is said of the setting and the file.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '@flagstream/protocol';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { type ReadText, readTextFile } from '../config/config-sources.ts';
import { settingPlace } from '../config/setting.ts';
import type { ConnectionTlsSettings, TlsSettings } from './tls-settings.ts';

/** What a listener shows and asks for. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Authorities of clients; present: a client must show a certificate. */
  readonly clientCa?: string;
  /** Unix seconds: the certificate is good until then. */
  readonly notAfter: number;
}

/** What a connection trusts and shows. */
export interface ConnectionTls {
  /** Absent: the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Undefined: no TLS is configured. @throws ConfigError naming setting and file */
export function readServerTls(settings: TlsSettings, read: ReadText = readTextFile): ServerTls | undefined {
  const files = new PemFiles('tls', read);
  const pair = files.pair(settings);
  const clientCa = files.authorities('clientCaFile', settings.clientCaFile);
  if (
    settings.clientCaFile !== undefined &&
    settings.certFile === undefined &&
    settings.keyFile === undefined
  )
    files.report(
      'clientCaFile',
      'asks for certificates of clients, which needs tls.certFile and tls.keyFile',
    );
  files.check(pair, clientCa);
  if (pair === undefined) return undefined;
  return { ...pair, notAfter: notAfterOf(pair.cert), ...(clientCa === undefined ? {} : { clientCa }) };
}

/**
 * Undefined: plaintext.
 * @param group of the settings: "controlPlane.tls"
 * @throws ConfigError naming setting and file
 */
export function readConnectionTls(
  group: string,
  settings: ConnectionTlsSettings = {},
  read: ReadText = readTextFile,
): ConnectionTls | undefined {
  const files = new PemFiles(group, read);
  const pair = files.pair(settings);
  const ca = files.authorities('caFile', settings.caFile);
  const given = settings.caFile ?? settings.certFile ?? settings.keyFile;
  if (settings.enabled === false && given !== undefined)
    files.report('enabled', 'is false, yet files for TLS are given: leave one of the two out');
  files.check(pair, ca);
  if (settings.enabled !== true && given === undefined) return undefined;
  return { ...pair, ...(ca === undefined ? {} : { ca }) };
}

/** Unix seconds: the first certificate of a PEM text is good until then. */
export function notAfterOf(cert: string): number {
  return Math.floor(Date.parse(new X509Certificate(cert).validTo) / 1000);
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** The files of one group of settings, with everything that is wrong with them. */
class PemFiles {
  readonly #group: string;
  readonly #read: ReadText;
  readonly #problems: ConfigProblem[] = [];

  constructor(group: string, read: ReadText) {
    this.#group = group;
    this.#read = read;
  }

  report(name: string, message: string): void {
    this.#problems.push({ where: settingPlace(`${this.#group}.${name}`), message });
  }

  /** A certificate with its key: both or none. */
  pair({ certFile, keyFile }: Pick<TlsSettings, 'certFile' | 'keyFile'>): Pair | undefined {
    if (certFile === undefined && keyFile === undefined) return undefined;
    if (certFile === undefined || keyFile === undefined) {
      const [missing, given] = certFile === undefined ? ['certFile', 'keyFile'] : ['keyFile', 'certFile'];
      this.report(missing, `is missing: ${this.#group}.${given} needs it`);
      return undefined;
    }
    const cert = this.authorities('certFile', certFile);
    const key = this.#text('keyFile', keyFile);
    if (cert === undefined || key === undefined) return undefined;
    try {
      if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
      this.report('keyFile', `${keyFile} is not the key of the certificate in ${certFile}`);
    } catch (error) {
      this.report(
        'keyFile',
        `${keyFile} holds no private key as PEM that needs no passphrase: ${messageOf(error)}`,
      );
    }
    return undefined;
  }

  /** Text of a file of certificates. */
  authorities(name: string, path: string | undefined): string | undefined {
    const text = path === undefined ? undefined : this.#text(name, path);
    if (text === undefined) return undefined;
    const found = text.match(CERTIFICATE) ?? [];
    if (found.length === 0) {
      this.report(name, `${path} holds no certificate as PEM`);
      return undefined;
    }
    try {
      for (const certificate of found) new X509Certificate(certificate);
      return text;
    } catch (error) {
      this.report(name, `${path} holds a certificate that cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** @throws ConfigError with all that was reported, and with what TLS itself does not take */
  check(pair: Pair | undefined, ca: string | undefined): void {
    try {
      createSecureContext({ ...pair, ...(ca === undefined ? {} : { ca }) });
    } catch (error) {
      this.report('certFile', `cannot be used for TLS: ${messageOf(error)}`);
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  #text(name: string, path: string): string | undefined {
    try {
      return this.#read(path);
    } catch (error) {
      this.report(name, `${path} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }
}
