// Certificates that live for hours: what an evaluator and a control plane show and trust is replaced under them, down
// to another authority, and each connection that is made afterwards uses it. Real processes, a real nats-server.

import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '@flagstream/client';
import { credentials } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Admin } from '../support/admin.ts';
import { TestAuthority } from '../support/certificates.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import type { TestProcess } from '../support/process.ts';
import { requiresNats } from '../support/requires-nats.ts';
import { hold } from '../support/resources.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { type TlsNode, TlsSite } from './tls-nodes.ts';

/** Certificates by who shows them to whom: each is a pair of files of this name. */
const CLIENTS = ['evaluator-to-control-plane', 'evaluator-to-nats', 'control-plane-to-nats'] as const;
const SERVERS = ['control-plane', 'nats'] as const;
const LOADED_MACHINE_MS = 60_000;

/** A cluster in which only the evaluator's own clients keep the first authority. */
class RenewedCluster {
  readonly site: TlsSite;
  readonly first: TestAuthority;
  readonly second = new TestAuthority('the next authority');
  /** Whom the control plane, nats-server and what connects to them trust. */
  readonly trustFile: string;
  readonly nats: NatsServer;
  natsProxy!: TcpProxy;
  controlPlaneProxy!: TcpProxy;
  controlPlane!: TlsNode;
  evaluator!: TlsNode;

  private constructor(site: TlsSite, trustFile: string, nats: NatsServer) {
    this.site = site;
    this.first = site.authority;
    this.trustFile = trustFile;
    this.nats = nats;
  }

  static async start(): Promise<RenewedCluster> {
    const site = new TlsSite();
    const trustFile = site.authority.writeTo(site.folder, 'trust.pem');
    for (const name of [...CLIENTS, ...SERVERS]) site.authority.issueFiles(site.folder, name);
    const config = path.join(site.folder, 'nats.conf');
    const [cert, key] = ['nats.pem', 'nats.key'].map((name) => path.join(site.folder, name));
    writeFileSync(
      config,
      `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${trustFile}", verify: true, timeout: 10 }\n`,
    );
    const cluster = new RenewedCluster(site, trustFile, await startNatsServer({ config }));
    await cluster.#startNodes();
    return cluster;
  }

  /** What one connection trusts and shows, as settings. */
  #tls(setting: string, name: (typeof CLIENTS)[number]): string[] {
    return [
      `--${setting}-tls-ca-file=${this.trustFile}`,
      `--${setting}-tls-cert-file=${this.#file(name, 'pem')}`,
      `--${setting}-tls-key-file=${this.#file(name, 'key')}`,
    ];
  }

  #file(name: string, ending: 'pem' | 'key'): string {
    return path.join(this.site.folder, `${name}.${ending}`);
  }

  async #startNodes(): Promise<void> {
    const { site, nats } = this;
    this.natsProxy = await TcpProxy.start(nats.port);
    this.controlPlane = await site.start(
      'control-plane',
      [
        `--data=${tempDir('renewal')}`,
        `--tls-client-ca-file=${this.trustFile}`,
        `--nats-url=${nats.url}`,
        ...this.#tls('nats', 'control-plane-to-nats'),
      ],
      { asksForCertificates: false },
    );
    this.controlPlaneProxy = await TcpProxy.start(this.controlPlane.grpcPort);
    this.evaluator = await site.start('evaluator', [
      `--control-plane-address=${this.controlPlaneProxy.address}`,
      ...this.#tls('control-plane', 'evaluator-to-control-plane'),
      `--nats-url=nats://${this.natsProxy.address}`,
      ...this.#tls('nats', 'evaluator-to-nats'),
    ]);
    await site.ready(this.controlPlane);
    await site.ready(this.evaluator);
  }

  /** The first half of a replacement: keys whose certificates are still to come. */
  halfReplace(): () => void {
    const pairs = CLIENTS.map((name) => ({ name, pair: this.second.issue(name) }));
    for (const { name, pair } of pairs) replace(this.#file(name, 'key'), pair.key);
    return () => {
      for (const { name, pair } of pairs) replace(this.#file(name, 'pem'), pair.cert);
    };
  }

  /** Everybody trusts the second authority beside the first. */
  trustBoth(): void {
    replace(this.trustFile, this.first.cert + this.second.cert);
  }

  /** Nobody but the second is trusted, and it vouches for the servers. */
  async trustSecondAlone(): Promise<void> {
    replace(this.trustFile, this.second.cert);
    for (const name of SERVERS) this.second.issueFiles(this.site.folder, name);
    process.kill(this.controlPlane.process.pid!, 'SIGHUP');
    await this.controlPlane.process.waitForLine('another certificate is in force');
    await this.nats.restart();
    this.controlPlaneProxy.reset();
  }

  /** An admin who trusts both, and shows a certificate of this authority. */
  admin(authority: TestAuthority): Admin {
    const { cert, key } = authority.issue('somebody');
    const trust = Buffer.from(this.first.cert + this.second.cert);
    const channel = credentials.createSsl(trust, Buffer.from(key), Buffer.from(cert));
    return new Admin(this.controlPlane.grpcPort, 'default', 'development', channel);
  }

  /** Of the evaluator: how often this happened to its connection. */
  async count(name: string, connection: string): Promise<number> {
    const { text } = await this.site.ask(this.evaluator, '/metrics');
    const line = `flagstream_tls_connection_${name}{connection="${connection}"} `;
    const found = text.split('\n').find((candidate) => candidate.startsWith(line));
    return Number(found?.slice(line.length));
  }
}

/** In one step: a process that looks in between would count one more misfit. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const said = (node: TestProcess, words: string): number =>
  node.lines.filter(({ json }) => json?.['msg'] === words).length;

requiresNats('2.9.0', { ownServer: true }).test(
  'certificates and authorities of connections are replaced without a restart, and no stream is lost',
  async () => {
    const cluster = await RenewedCluster.start();
    const { site, evaluator, controlPlane, natsProxy, controlPlaneProxy, first, second } = cluster;
    const admin = cluster.admin(first);
    await admin.createBoolean('renewed');
    const client = createClient({
      target: `127.0.0.1:${evaluator.grpcPort}`,
      project: 'default',
      environment: 'development',
      tls: {
        rootCertificates: Buffer.from(first.cert),
        clientCertificate: Buffer.from(site.own.cert),
        clientKey: Buffer.from(site.own.key),
      },
    });
    hold({ what: 'SDK', release: () => client.close(), releaseNow: () => undefined });
    const lost: unknown[] = [];
    client.on('reconnecting', (event) => lost.push(event));
    client.on('error', () => undefined);
    await client.waitForReady();
    const follows = (value: boolean): Promise<unknown> =>
      until(() => client.booleanValue('renewed', !value) === value, {
        what: `a client that has heard of ${value}`,
        timeoutMs: LOADED_MACHINE_MS,
      });
    await follows(true);

    // Half replaced: connections that are made meanwhile show what they showed before.
    const complete = cluster.halfReplace();
    const { accepted } = controlPlaneProxy.traffic;
    natsProxy.reset();
    controlPlaneProxy.reset();
    await until(() => said(evaluator.process, 'NATS reconnected') === 1, {
      what: 'NATS with the old pair',
      timeoutMs: LOADED_MACHINE_MS,
    });
    await until(() => controlPlaneProxy.traffic.accepted > accepted, { what: 'the control plane as well' });
    for (const connection of ['nats', 'control_plane']) {
      await until(async () => (await cluster.count('reload_failures_total', connection)) === 1, {
        what: `the misfit of ${connection} to be counted`,
      });
      expect(await cluster.count('reloads_total', connection)).toBe(0);
    }
    await admin.setEnabled('renewed', false);
    await follows(false);

    // Replaced as a whole. Nothing is connected again for it.
    const before = [natsProxy.traffic.accepted, controlPlaneProxy.traffic.accepted];
    complete();
    cluster.trustBoth();
    process.kill(evaluator.process.pid!, 'SIGHUP');
    for (const connection of ['nats', 'control_plane'])
      await until(async () => (await cluster.count('reloads_total', connection)) > 0, {
        what: `the new pair of ${connection}`,
      });
    expect([natsProxy.traffic.accepted, controlPlaneProxy.traffic.accepted]).toEqual(before);

    // The first authority is gone: who still showed or trusted it would stay outside.
    await cluster.trustSecondAlone();
    await until(() => said(evaluator.process, 'NATS reconnected') === 2, {
      what: 'NATS with the new pair',
      timeoutMs: LOADED_MACHINE_MS,
    });
    await until(() => said(controlPlane.process, 'NATS reconnected') === 1, {
      what: 'the other one too',
      timeoutMs: LOADED_MACHINE_MS,
    });
    await expect(cluster.admin(first).describe('renewed', 'a stranger')).rejects.toThrow();
    const renewed = cluster.admin(second);
    await renewed.setEnabled('renewed', true);
    await follows(true);

    // Without NATS the log comes from the control plane, over a connection that trusts and shows the new ones.
    await cluster.nats.stop();
    await renewed.setEnabled('renewed', false);
    await follows(false);
    expect(lost).toEqual([]);
    expect(await cluster.count('reload_failures_total', 'nats')).toBe(1);
    expect(await cluster.count('reload_failures_total', 'control_plane')).toBe(1);
  },
);
