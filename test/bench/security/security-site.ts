// A control plane, a nats-server, and evaluators behind each kind of door, as real processes.

import { CreateKeyRequest, RevokeKeyRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import { KeyKind } from '@flagstream/protocol/gen/flagstream/v1/model';
import { Admin } from '../../support/admin.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { callUnary } from '../../support/grpc-call.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { scrape } from '../../support/scrape.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { BenchChild } from '../bench-child.ts';
import type { Memory } from '../resting-memory.ts';
import { type NodePlace, newPrefix, type StartedNode, startControlPlane } from '../tradeoffs/nodes.ts';
import type { Way } from './client-host.ts';
import type { EvaluatorQuestion, StartedEvaluator } from './evaluator-host.ts';

/** What an evaluator asks of its callers, in the order of the tables. */
export const DOORS = ['plaintext', 'TLS', 'TLS + key'] as const;
export type Door = (typeof DOORS)[number];

export interface MadeKey {
  readonly name: string;
  readonly token: string;
  /** From which on it is good. */
  readonly revision: number;
}

export class SecuritySite {
  readonly admin: Admin;
  readonly #place: NodePlace;
  readonly #controlPlane: StartedNode;
  readonly #authority = new TestAuthority();
  readonly #folder = tempDir('bench-tls');

  private constructor(place: NodePlace, controlPlane: StartedNode) {
    this.#place = place;
    this.#controlPlane = controlPlane;
    this.admin = new Admin(controlPlane.grpcPort);
  }

  /** Whoever writes is on the same machine: the control plane asks for no key. */
  static async start(): Promise<SecuritySite> {
    const nats = await startNatsServer();
    const place = { natsUrl: nats.url, prefix: newPrefix() };
    return new SecuritySite(place, await startControlPlane(place, tempDir('bench-security')));
  }

  /** Of a server, in the environment of the flags. */
  async createKey(): Promise<MadeKey> {
    const { client, project, environment } = this.admin;
    const answer = await callUnary(
      client,
      client.createKey,
      CreateKeyRequest.fromPartial({
        parent: `projects/${project}/environments/${environment}`,
        key: { kind: KeyKind.SERVER },
        comment: 'benchmark',
      }),
    );
    return { name: answer.key!.name, token: answer.token, revision: Number(answer.revision?.revision) };
  }

  /** Resolves with the control plane's answer. */
  async revoke({ name }: MadeKey): Promise<void> {
    const { client } = this.admin;
    await callUnary(client, client.revokeKey, RevokeKeyRequest.fromPartial({ name, comment: 'benchmark' }));
  }

  /** When the last change was on the disk, in Unix milliseconds. */
  async lastCommitMs(): Promise<number> {
    const { managementPort } = this.#controlPlane;
    return 1_000 * (await scrape(managementPort, 'flagstream_last_commit_timestamp_seconds'));
  }

  async startEvaluator(door: Door): Promise<HostedEvaluator> {
    const host = new BenchChild('evaluator-host', [door], ['--expose-gc']);
    const { certFile, keyFile } = this.#authority.issueFiles(this.#folder, 'evaluator');
    const settings = {
      grpcPort: 0,
      managementPort: 0,
      requireKeys: door === 'TLS + key',
      ...(door === 'plaintext' ? {} : { tls: { certFile, keyFile } }),
      nats: { url: this.#place.natsUrl, prefix: this.#place.prefix },
      controlPlane: { address: `127.0.0.1:${this.#controlPlane.grpcPort}` },
    };
    const started = await host.ask<StartedEvaluator>({ ask: 'start', settings } satisfies EvaluatorQuestion);
    return new HostedEvaluator(host, started, door === 'plaintext' ? undefined : this.#authority.cert);
  }
}

/** The parent's end of evaluator-host.ts. */
export class HostedEvaluator {
  readonly pid: number;
  readonly grpcPort: number;
  /** Of flagd.sync.v1. */
  readonly syncPort: number;
  /** PEM; undefined: plaintext. */
  readonly authority: string | undefined;
  readonly #host: BenchChild;

  constructor(
    host: BenchChild,
    { pid, grpcPort, syncPort }: StartedEvaluator,
    authority: string | undefined,
  ) {
    this.#host = host;
    this.pid = pid;
    this.grpcPort = grpcPort;
    this.syncPort = syncPort;
    this.authority = authority;
  }

  /** @param apiKey absent: none is shown */
  way(apiKey?: string): Way {
    const authority = this.authority === undefined ? {} : { authority: this.authority };
    return { port: this.grpcPort, ...authority, ...(apiKey === undefined ? {} : { apiKey }) };
  }

  /** Resolves when it has applied the revision. */
  async follow(revision: number): Promise<void> {
    await this.#host.ask<void>({ ask: 'follow', revision } satisfies EvaluatorQuestion);
  }

  /** After collections, once it does not change any more. */
  memory(): Promise<Memory> {
    return this.#host.ask<Memory>({ ask: 'memory' } satisfies EvaluatorQuestion);
  }

  async close(): Promise<void> {
    await this.#host.close();
  }
}
