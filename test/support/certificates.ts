// Certificates for tests, by node:crypto and a few lines of DER: no openssl command, whose options and
// defaults differ from machine to machine, and nothing that expires in the repository.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import path from 'node:path';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

interface CertificateOptions {
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
  /** Unix milliseconds; an hour from now when absent. */
  readonly notAfter?: number;
}

const HOUR_MS = 3_600_000;
const SERVED_NAMES = ['localhost', '127.0.0.1'] as const;

const OID = {
  ecdsaWithSha256: '2a8648ce3d040302',
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  keyUsage: '551d0f',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
  clientAuth: '2b06010505070302',
} as const;

/** An authority that issues certificates for servers and clients. */
export class TestAuthority {
  readonly #name: string;
  readonly #key: KeyObject;
  /** Its own certificate, PEM. */
  readonly cert: string;

  constructor(name = 'authority of a test') {
    this.#name = name;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    // Certificate signing and revocation lists.
    const extensions = [
      extension(OID.basicConstraints, sequence(der(0x01, Buffer.from([0xff])))),
      extension(OID.keyUsage, der(0x03, Buffer.from([0x01, 0x06]))),
    ];
    this.cert = this.#issue(name, publicKey, Date.now() + HOUR_MS, extensions);
  }

  /** Good for servers and for clients. */
  issue(commonName: string, { names = SERVED_NAMES, notAfter }: CertificateOptions = {}): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [
      extension(OID.subjectAltName, sequence(...names.map(generalName))),
      extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth), oid(OID.clientAuth))),
    ];
    return {
      cert: this.#issue(commonName, publicKey, notAfter ?? Date.now() + HOUR_MS, extensions),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    };
  }

  /** The same in two files, named for `name`. */
  issueFiles(folder: string, name: string, options: CertificateOptions = {}): CertificateFiles {
    return writeCertificate(folder, name, this.issue(name, options));
  }

  /** Its own certificate in a file. */
  writeTo(folder: string, file = 'ca.pem'): string {
    const written = path.join(folder, file);
    writeFileSync(written, this.cert);
    return written;
  }

  #issue(subject: string, publicKey: KeyObject, notAfter: number, extensions: readonly Buffer[]): string {
    const algorithm = sequence(oid(OID.ecdsaWithSha256));
    const content = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
      algorithm,
      distinguishedName(this.#name),
      sequence(time(Math.min(Date.now(), notAfter) - HOUR_MS), time(notAfter)),
      distinguishedName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', content, this.#key);
    const certificate = sequence(content, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = certificate
      .toString('base64')
      .match(/.{1,64}/g)!
      .join('\n');
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

export function writeCertificate(folder: string, name: string, { cert, key }: Certificate): CertificateFiles {
  const files = { certFile: path.join(folder, `${name}.pem`), keyFile: path.join(folder, `${name}.key`) };
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key, { mode: 0o600 });
  return files;
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x82, Math.floor(length / 0x100), length % 0x100];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...members: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(members));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

/** Critical only where the standard wants it; no reader of ours tells the difference. */
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value));

const distinguishedName = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));

const generalName = (name: string): Buffer =>
  isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name));

/** GeneralizedTime, to the second. */
const time = (unixMs: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(unixMs).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
