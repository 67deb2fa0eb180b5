/** For tests: an authority, files of a server's certificate, and an identity that reads them. */
import { writeFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import {
  type CertificateFiles,
  TestAuthority,
  writeCertificate,
} from '../../../../test/support/certificates.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { opened } from '../grpc/echo-host.fixture.ts';
import type { ListenerTls } from '../listen/tls-door.ts';
import { createLogger } from '../log/logger.ts';
import { Metrics } from '../metrics/metrics.ts';
import { HandshakeFailures } from './handshake-failures.ts';
import type { Looks } from './renewed-files.ts';
import { ServerIdentity } from './server-identity.ts';

/** A period that no timer reaches: the test reloads by itself. */
const NEVER_MS = 3_600_000;

export class TestTls {
  readonly folder = tempDir('tls');
  readonly authority = new TestAuthority();
  readonly files: CertificateFiles;
  readonly metrics = new Metrics();
  readonly logs: Record<string, unknown>[] = [];
  readonly identity: ServerIdentity;
  readonly listener: ListenerTls;

  constructor({ mutual = false, ...given }: { mutual?: boolean } & Looks = {}) {
    this.files = this.authority.issueFiles(this.folder, 'first');
    const logger = createLogger({
      level: 'debug',
      service: 'test',
      version: '0',
      nodeId: 'n',
      destination: { write: (line) => this.logs.push(JSON.parse(line) as Record<string, unknown>) },
    });
    const clientCa = mutual ? { clientCaFile: this.authority.writeTo(this.folder) } : {};
    const settings = { ...this.files, ...clientCa };
    const identity = ServerIdentity.open({
      settings,
      logger,
      metrics: this.metrics,
      lookMs: NEVER_MS,
      ...given,
    })!;
    this.identity = identity;
    this.listener = { identity, failures: new HandshakeFailures(this.metrics, logger) };
    opened.push(() => identity.close());
  }

  /** Puts another certificate, of this name, into the files that are read. */
  renew(name: string): void {
    writeCertificate(this.folder, 'first', this.authority.issue(name));
  }

  /** Puts a key there that does not fit. */
  breakKey(): void {
    writeFileSync(this.files.keyFile, this.authority.issue('other').key);
  }

  /** A client that trusts the authority; `own` is what it shows. */
  client(port: number, own?: { readonly cert: string; readonly key: string }): grpc.Client {
    const credentials = grpc.credentials.createSsl(
      Buffer.from(this.authority.cert),
      own === undefined ? null : Buffer.from(own.key),
      own === undefined ? null : Buffer.from(own.cert),
    );
    // Clients share connections else, and each shall make its own.
    const client = new grpc.Client(`localhost:${port}`, credentials, { 'grpc.use_local_subchannel_pool': 1 });
    opened.push(() => client.close());
    return client;
  }

  async metric(line: string): Promise<number> {
    const text = await this.metrics.text();
    const escaped = line.replace(/[{}]/g, '\\$&');
    return Number(new RegExp(`^flagstream_${escaped} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  }
}
