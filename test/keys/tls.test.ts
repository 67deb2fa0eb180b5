// TLS in both directions between all parts, as real processes: control plane, evaluator, SDK and admin clients.

import { writeFileSync } from 'node:fs';
import { createClient } from '@flagstream/client';
import { describe, expect, test } from 'vitest';
import { Admin } from '../support/admin.ts';
import { TestAuthority, writeCertificate } from '../support/certificates.ts';
import { runFlagstream, startFlagstream } from '../support/flagstream.ts';
import { freePort, freePortRange } from '../support/free-port.ts';
import { hold } from '../support/resources.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { type TlsNode, TlsSite } from './tls-nodes.ts';

/** Ports that `flagstream dev` takes from its base on. */
const DEV_PORTS = 7;

interface Shop {
  readonly site: TlsSite;
  readonly controlPlane: TlsNode;
  readonly evaluator: TlsNode;
  readonly admin: Admin;
}

async function startShop(): Promise<Shop> {
  const site = new TlsSite();
  const controlPlane = await site.start('control-plane', [`--data=${tempDir('tls-data')}`]);
  const { certFile, keyFile } = site.authority.issueFiles(site.folder, 'evaluator-to-control-plane');
  const evaluator = await site.start('evaluator', [
    `--control-plane-address=127.0.0.1:${controlPlane.grpcPort}`,
    `--control-plane-tls-ca-file=${site.caFile}`,
    `--control-plane-tls-cert-file=${certFile}`,
    `--control-plane-tls-key-file=${keyFile}`,
  ]);
  await site.ready(controlPlane);
  await site.ready(evaluator);
  const admin = new Admin(controlPlane.grpcPort, 'default', 'development', site.channel());
  return { site, controlPlane, evaluator, admin };
}

/** The SDK, and what it told of its connection. */
function startClient({ site, evaluator }: Pick<Shop, 'site' | 'evaluator'>, own = site.own) {
  const client = createClient({
    target: `127.0.0.1:${evaluator.grpcPort}`,
    project: 'default',
    environment: 'development',
    tls: {
      rootCertificates: Buffer.from(site.authority.cert),
      clientCertificate: Buffer.from(own.cert),
      clientKey: Buffer.from(own.key),
    },
  });
  hold({ what: 'SDK', release: () => client.close(), releaseNow: () => undefined });
  const lost: unknown[] = [];
  client.on('reconnecting', (event) => lost.push(event));
  client.on('error', () => undefined);
  return { client, lost };
}

const failures = async (site: TlsSite, node: TlsNode, reason: string): Promise<number> => {
  const line = `flagstream_tls_handshake_failures_total{listener="grpc",reason="${reason}"} `;
  const { text } = await site.ask(node, '/metrics');
  return Number(
    text
      .split('\n')
      .find((candidate) => candidate.startsWith(line))
      ?.slice(line.length) ?? 0,
  );
};

test('a change travels from admin to SDK by mutual TLS, and certificates are renewed under an open stream', async () => {
  const shop = await startShop();
  const { site, evaluator, admin } = shop;
  await admin.createBoolean('secured');
  const { client, lost } = startClient(shop);
  await client.waitForReady();
  await until(() => client.booleanValue('secured', false), { what: 'the flag' });

  const first = await site.shown(evaluator);
  const renewed = site.authority.issue('evaluator');
  writeCertificate(site.folder, 'evaluator', renewed);
  process.kill(evaluator.process.pid!, 'SIGHUP');
  await until(async () => (await site.shown(evaluator)).trim() === renewed.cert.trim(), {
    what: 'the new one',
  });
  expect(first.trim()).not.toBe(renewed.cert.trim());

  writeFileSync(evaluator.files.keyFile, site.authority.issue('other').key);
  process.kill(evaluator.process.pid!, 'SIGHUP');
  const { json } = await evaluator.process.waitForLine('certificates do not fit');
  expect(json).toMatchObject({ level: 'error' });
  expect(String(json?.['detail'])).toContain(evaluator.files.keyFile);
  expect((await site.shown(evaluator)).trim()).toBe(renewed.cert.trim());
  const { text: metrics } = await site.ask(evaluator, '/metrics');
  expect(metrics).toMatch(/^flagstream_tls_reload_failures_total 1$/m);
  expect(metrics).toMatch(/^flagstream_tls_certificate_not_after_timestamp_seconds \d{10}$/m);

  await admin.setEnabled('secured', false);
  await until(() => !client.booleanValue('secured', true), { what: 'the change' });
  expect(lost).toEqual([]);

  // Who is a stranger to the authority gets nowhere, whatever it speaks.
  const stranger = startClient(shop, new TestAuthority('a stranger').issue('somebody'));
  await until(() => stranger.lost.length > 0, { what: 'the refusal of a stranger' });
  expect(stranger.client.status().state).not.toBe('live');
  expect(await failures(site, evaluator, 'client_certificate')).toBeGreaterThan(0);
});

test('an evaluator that shows nothing, does not trust, or speaks plaintext, does not follow', async () => {
  const site = new TlsSite();
  const controlPlane = await site.start('control-plane', [`--data=${tempDir('tls-data')}`]);
  await site.ready(controlPlane);
  const proxy = await TcpProxy.start(controlPlane.grpcPort);
  const { certFile, keyFile } = site.authority.issueFiles(site.folder, 'evaluator-to-control-plane');
  const own = [`--control-plane-tls-cert-file=${certFile}`, `--control-plane-tls-key-file=${keyFile}`];
  const strange = new TestAuthority('another').writeTo(site.folder, 'other-ca.pem');
  const ways = {
    'shows nothing': [`--control-plane-tls-ca-file=${site.caFile}`],
    'does not trust': [`--control-plane-tls-ca-file=${strange}`, ...own],
    plaintext: [],
  };
  for (const [way, settings] of Object.entries(ways)) {
    const evaluator = await site.start('evaluator', [
      `--control-plane-address=${proxy.address}`,
      ...settings,
    ]);
    const { accepted } = proxy.traffic;
    // One that comes again was refused before.
    await until(() => proxy.traffic.accepted >= accepted + 2, {
      what: `attempts: ${way}`,
      // A busy machine may be ten times slower than a quiet one.
      timeoutMs: 50_000,
    });
    expect((await site.ask(evaluator, '/readyz')).status).toBe(412);
    await evaluator.process.kill();
  }
  expect(await failures(site, controlPlane, 'client_certificate')).toBeGreaterThan(0);
  expect(await failures(site, controlPlane, 'plaintext')).toBeGreaterThan(0);
});

describe('a process that would be open to other machines', () => {
  const words = ['serve', '--role=control-plane', '--host=0.0.0.0'];

  test('does not start, and says what to set', async () => {
    const attempt = async (...more: string[]): Promise<string> => {
      const { code, stderr, stdout } = await runFlagstream([
        ...words,
        `--data=${tempDir('exposed')}`,
        ...more,
      ]);
      expect(code).toBe(78);
      return stderr + stdout;
    };
    // Keys are asked for there unless somebody says otherwise.
    const plain = await attempt();
    expect(plain).toMatch(/plaintext on 0\.0\.0\.0.*--tls-cert-file.*--insecure/s);
    expect(plain).not.toContain('no key');
    expect(await attempt('--require-keys=false')).toMatch(/no key.*--require-keys.*--insecure/s);
  });

  test('starts with --insecure, and warns at start, in each line and on /readyz', async () => {
    const [grpc, management] = [await freePort(), await freePort()];
    const ports = [`--grpc-port=${grpc}`, `--management-port=${management}`];
    const started = startFlagstream([...words, ...ports, `--data=${tempDir('exposed')}`, '--insecure']);
    await started.waitForReady(management);
    const ready = (await (await fetch(`http://127.0.0.1:${management}/readyz`)).json()) as object;
    expect(ready).toMatchObject({
      ready: true,
      warnings: [expect.stringMatching(/^plaintext/), expect.stringMatching(/^no key/)],
    });
    await started.stop();
    const lines = started.lines.map(({ json }) => json);
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => line?.['insecure'] !== true)).toEqual([]);
    expect(lines.filter((line) => line?.['level'] === 'warn')).toHaveLength(2);
    // A parser keeps one of two members with the same name: the text tells.
    expect(started.lines.filter(({ text }) => text.split('"insecure"').length !== 2)).toEqual([]);
  });

  test.each(['control-plane', 'evaluator'])('or whose files are not there: %s', async (role) => {
    const { code, stderr, stdout } = await runFlagstream([
      'serve',
      `--role=${role}`,
      `--tls-cert-file=/nowhere/cert.pem`,
      `--tls-key-file=/nowhere/key.pem`,
      ...(role === 'evaluator' ? ['--control-plane-address=127.0.0.1:1'] : [`--data=${tempDir('no-files')}`]),
    ]);
    expect(code).toBe(78);
    expect(stderr + stdout).toMatch(/tls\.certFile \(--tls-cert-file.*\/nowhere\/cert\.pem cannot be read/s);
  });
});

test('everything in one process speaks TLS as well', async () => {
  const site = new TlsSite();
  const { certFile, keyFile } = site.authority.issueFiles(site.folder, 'dev');
  const portBase = await freePortRange(DEV_PORTS);
  const dev = startFlagstream([
    'dev',
    `--port-base=${portBase}`,
    `--data=${tempDir('tls-dev')}`,
    `--tls-cert-file=${certFile}`,
    `--tls-key-file=${keyFile}`,
  ]);
  await dev.waitForLine(`https://localhost:${portBase + 1}/metrics`);
  const health = ['health', `--server=localhost:${portBase}`, `--evaluator=localhost:${portBase + 3}`];
  expect((await runFlagstream([...health, `--ca-file=${site.caFile}`])).code).toBe(0);
  expect((await runFlagstream([...health, '--timeout=5'])).code).toBe(6);
});
