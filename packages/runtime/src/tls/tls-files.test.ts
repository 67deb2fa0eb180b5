import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from '../../../../test/support/certificates.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { ConfigError } from '../config/config-error.ts';
import { readConnectionTls, readServerTls } from './tls-files.ts';

const folder = tempDir('tls-files');
const authority = new TestAuthority();
const good = authority.issueFiles(folder, 'good');
const other = authority.issueFiles(folder, 'other');
const caFile = authority.writeTo(folder);

function file(name: string, text: string): string {
  const written = path.join(folder, name);
  writeFileSync(written, text);
  return written;
}

function problems(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems.map(({ where, message }) => `${where}: ${message}`);
  }
  throw new Error('it was accepted');
}

const noPem = file('no.pem', 'hello');
const damaged = file('damaged.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
const locked = file(
  'locked.key',
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey,
);

describe('files of a listener', () => {
  it('are read as a whole', () => {
    expect(readServerTls({})).toBeUndefined();
    const tls = readServerTls({ ...good, clientCaFile: caFile });
    expect(tls).toMatchObject({ clientCa: authority.cert });
    expect(tls!.notAfter * 1000).toBe(Date.parse(new X509Certificate(tls!.cert).validTo));
  });

  it.each([
    ['the key of another', { ...good, keyFile: other.keyFile }, 'tls.keyFile', other.keyFile],
    ['a file that is not there', { ...good, certFile: '/nowhere/x' }, 'tls.certFile', '/nowhere/x'],
    ['a certificate that is no PEM', { ...good, certFile: noPem }, 'tls.certFile', noPem],
    ['a damaged certificate', { ...good, certFile: damaged }, 'tls.certFile', damaged],
    ['a key that is no PEM', { ...good, keyFile: noPem }, 'tls.keyFile', noPem],
    ['a key with a passphrase', { ...good, keyFile: locked }, 'tls.keyFile', locked],
    ['a certificate without key', { certFile: good.certFile }, 'tls.keyFile', 'tls.certFile needs it'],
    ['a key without certificate', { keyFile: good.keyFile }, 'tls.certFile', 'tls.keyFile needs it'],
    ['an authority that is no PEM', { ...good, clientCaFile: noPem }, 'tls.clientCaFile', noPem],
    ['an authority alone', { clientCaFile: caFile }, 'tls.clientCaFile', 'tls.certFile'],
  ])('%s is refused by name', (_, settings, setting, named) => {
    const [first, ...more] = problems(() => readServerTls(settings));
    expect(more).toEqual([]);
    expect(first!.startsWith(`${setting} (--tls-`)).toBe(true);
    expect(first).toContain(named);
  });

  it('are listed with every problem at once', () => {
    const all = { certFile: '/nowhere/a', keyFile: '/nowhere/b', clientCaFile: '/nowhere/c' };
    expect(problems(() => readServerTls(all))).toHaveLength(3);
  });
});

describe('files of a connection', () => {
  it.each([
    [{}, undefined],
    [{ enabled: false }, undefined],
    [{ enabled: true }, []],
    [{ caFile }, ['ca']],
    [good, ['cert', 'key']],
    [{ enabled: true, caFile, ...good }, ['ca', 'cert', 'key']],
  ])('%j', (settings, parts) => {
    const tls = readConnectionTls('nats.tls', settings);
    expect(tls === undefined ? undefined : Object.keys(tls).sort()).toEqual(parts);
  });

  it('contradict enabled: false', () => {
    expect(problems(() => readConnectionTls('controlPlane.tls', { enabled: false, caFile }))).toEqual([
      'controlPlane.tls.enabled (--control-plane-tls-enabled, FLAGSTREAM_CONTROL_PLANE_TLS_ENABLED): is false, yet files for TLS are given: leave one of the two out',
    ]);
  });
});
