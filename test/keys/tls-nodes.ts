// Control planes and evaluators as real processes that speak TLS, and who connects to them.

import { request } from 'node:https';
import { connect } from 'node:tls';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { type Certificate, type CertificateFiles, TestAuthority } from '../support/certificates.ts';
import { startFlagstream } from '../support/flagstream.ts';
import { freePort } from '../support/free-port.ts';
import type { TestProcess } from '../support/process.ts';
import { recordPage } from '../support/recording.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

export interface TlsNode {
  readonly process: TestProcess;
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly files: CertificateFiles;
}

/** An authority for servers and clients, and processes whose certificates it issued. */
export class TlsSite {
  readonly folder = tempDir('tls-site');
  readonly authority = new TestAuthority();
  readonly caFile = this.authority.writeTo(this.folder);
  /** Of a person or an application. */
  readonly own: Certificate = this.authority.issue('somebody');

  /** Starts it. Whoever connects must show a certificate, unless it asks for none. */
  async start(
    role: 'control-plane' | 'evaluator',
    settings: readonly string[],
    { asksForCertificates = true }: { readonly asksForCertificates?: boolean } = {},
  ): Promise<TlsNode> {
    const [grpcPort, managementPort] = [await freePort(), await freePort()];
    const files = this.authority.issueFiles(this.folder, role);
    const words = [
      `--role=${role}`,
      `--grpc-port=${grpcPort}`,
      `--management-port=${managementPort}`,
      `--tls-cert-file=${files.certFile}`,
      `--tls-key-file=${files.keyFile}`,
      ...(asksForCertificates ? [`--tls-client-ca-file=${this.caFile}`] : []),
    ];
    const process = startFlagstream(['serve', ...words, ...settings]);
    return { process, grpcPort, managementPort, files };
  }

  /** What a management port answers to somebody with a certificate. */
  ask(
    { managementPort: port }: TlsNode,
    path: string,
  ): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const trust = { ca: this.authority.cert, ...this.own };
      request({ host: '127.0.0.1', port, path, agent: false, ...trust }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          recordPage(path, text);
          resolve({ status: response.statusCode, text });
        });
      })
        .on('error', reject)
        .end();
    });
  }

  async ready(node: TlsNode): Promise<void> {
    const ready = async (): Promise<boolean> => (await this.ask(node, '/readyz')).status === 200;
    // A busy machine may be ten times slower than a quiet one.
    await until(ready, { what: 'readiness over HTTPS', timeoutMs: 90_000 });
  }

  channel(own: Certificate | undefined = this.own): ChannelCredentials {
    const [key, cert] = own === undefined ? [null, null] : [Buffer.from(own.key), Buffer.from(own.cert)];
    return credentials.createSsl(Buffer.from(this.authority.cert), key, cert);
  }

  /** The certificate that a new connection is shown, as PEM. */
  shown({ grpcPort: port }: TlsNode): Promise<string> {
    return new Promise((resolve, reject) => {
      const trust = { ca: this.authority.cert, ...this.own };
      const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], ...trust }, () => {
        resolve(socket.getPeerX509Certificate()!.toString());
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }
}
