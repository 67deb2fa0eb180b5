import { unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestAuthority, writeCertificate } from '../../../../test/support/certificates.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { opened } from '../grpc/echo-host.fixture.ts';
import { Lifecycle } from '../lifecycle/lifecycle.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ConnectionIdentities } from './connection-identities.ts';
import { readConnectionTls } from './tls-files.ts';

const NEVER_MS = 3_600_000;
const NOT_AFTER = Date.UTC(2051, 1, 3, 4, 5, 6);
const authority = new TestAuthority();

/** A process with identities, and what it tells. */
class World {
  readonly folder = tempDir('connection-identities');
  readonly logs: Record<string, unknown>[] = [];
  readonly metrics = new Metrics();
  readonly identities: ConnectionIdentities;

  constructor({
    lookMs = NEVER_MS,
    secretFiles,
  }: { lookMs?: number; secretFiles?: ReadonlyMap<string, string> } = {}) {
    const logger = createLogger({
      level: 'info',
      service: 'test',
      version: '0',
      nodeId: 'n',
      destination: { write: (line) => this.logs.push(JSON.parse(line) as Record<string, unknown>) },
    });
    const lifecycle = new Lifecycle({ logger, stopTimeoutMs: 1_000 });
    opened.push(() => lifecycle.stop());
    this.identities = new ConnectionIdentities({
      lifecycle,
      logger,
      metrics: this.metrics,
      reloadsOnHangup: false,
      secretFiles,
      lookMs,
    });
  }

  issue(name: string, notAfter?: number): { certFile: string; keyFile: string } {
    return authority.issueFiles(this.folder, name, notAfter === undefined ? {} : { notAfter });
  }

  async lines(name: string): Promise<string[]> {
    const text = await this.metrics.text();
    return text.split('\n').filter((line) => line.startsWith(`flagstream_tls_connection_${name}{`));
  }
}

describe('ConnectionIdentities', () => {
  it('find by themselves that files have changed, and count by connection', async () => {
    const world = new World({ lookMs: 5 });
    const settings = world.issue('nats', NOT_AFTER);
    const nats = await world.identities.open('nats', ({ read }) => ({
      tls: readConnectionTls('nats.tls', settings, read),
    }));
    await world.identities.open('control_plane', ({ read }) => ({
      tls: readConnectionTls('controlPlane.tls', { enabled: true }, read),
    }));
    expect(await world.lines('certificate_not_after_timestamp_seconds')).toEqual([
      `flagstream_tls_connection_certificate_not_after_timestamp_seconds{connection="nats"} ${NOT_AFTER / 1000}`,
    ]);
    const before = nats.value.tls?.cert;
    world.issue('nats');
    await until(() => nats.value.tls?.cert !== before, { what: 'the new certificate' });
    expect(await world.lines('reloads_total')).toEqual([
      'flagstream_tls_connection_reloads_total{connection="nats"} 1',
      'flagstream_tls_connection_reloads_total{connection="control_plane"} 0',
    ]);
  });

  it('keep a whole in force while files are half replaced: logged once, counted once', async () => {
    const world = new World();
    const settings = world.issue('own');
    const identity = await world.identities.open('nats', ({ read }) => ({
      tls: readConnectionTls('nats.tls', settings, read),
    }));
    const before = identity.value;
    const next = authority.issue('own');
    writeFileSync(settings.certFile, next.cert);
    for (let attempt = 0; attempt < 3; attempt++) expect(identity.forConnection()).toBe(before);
    expect(world.logs.filter(({ level }) => level === 'error')).toMatchObject([
      { connection: 'nats', cause: 'connection', detail: expect.stringContaining(settings.keyFile) },
    ]);
    expect(await world.lines('reload_failures_total')).toEqual([
      'flagstream_tls_connection_reload_failures_total{connection="nats"} 1',
    ]);
    writeCertificate(world.folder, 'own', next);
    expect(identity.forConnection().tls).toEqual({ cert: next.cert, key: next.key });
    unlinkSync(settings.keyFile);
    expect(identity.forConnection().tls).toEqual({ cert: next.cert, key: next.key });
  });

  it('say that a certificate which is shown has expired', async () => {
    const world = new World();
    const settings = world.issue('own', Date.UTC(2001, 0, 1));
    await world.identities.open('nats', ({ read }) => ({
      tls: readConnectionTls('nats.tls', settings, read),
    }));
    expect(world.logs).toMatchObject([
      {
        level: 'warn',
        connection: 'nats',
        msg: 'the certificate that a connection shows has expired: it is refused',
      },
    ]);
  });

  it('read a secret again from the file that it came from, and tell nothing of it', async () => {
    const file = path.join(tempDir('secret'), 'password');
    writeFileSync(file, 'first\n');
    const world = new World({ secretFiles: new Map([['nats.password', file]]) });
    const identity = await world.identities.open('nats', ({ secret }) => ({
      tls: undefined,
      password: secret('nats.password', 'first'),
      other: secret('controlPlane.key', 'as it was given'),
    }));
    expect(identity.value).toEqual({ password: 'first', other: 'as it was given' });
    writeFileSync(file, 'second\r\n');
    expect(identity.forConnection().password).toBe('second');
    writeFileSync(file, '');
    expect(identity.forConnection().password).toBe('second');
    expect(world.logs.at(-1)).toMatchObject({ level: 'error', connection: 'nats' });
    expect(String(world.logs.at(-1)?.['detail'])).toMatch(/nats\.password.*password holds no secret/s);
    expect(JSON.stringify(world.logs)).not.toMatch(/first|second/);
  });
});
