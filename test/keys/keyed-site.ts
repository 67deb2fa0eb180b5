// A control plane and an evaluator that ask for keys, in this process on real ports, and calls with any key to any
// method.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  controlPlaneConfigSchema,
  type RunningControlPlane,
  startControlPlane,
} from '@flagstream/control-plane';
import { evaluatorConfigSchema, type RunningEvaluator, startEvaluator } from '@flagstream/evaluator';
import { type FlagstreamError, fromServiceError } from '@flagstream/protocol';
import { AdminServiceClient, CreateKeyRequest } from '@flagstream/protocol/gen/flagstream/v1/admin';
import type { ApiKey } from '@flagstream/protocol/gen/flagstream/v1/model';
import { createLogger } from '@flagstream/runtime';
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { callKnown } from '../support/grpc-call.ts';
import { hold } from '../support/resources.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

export type Headers = Readonly<Record<string, string>>;
export type AnyMethod = MethodDefinition<unknown, unknown>;

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

export interface MadeKey {
  readonly name: string;
  readonly token: string;
}

export class KeyedSite {
  readonly controlPlane: RunningControlPlane;
  readonly evaluator: RunningEvaluator;
  readonly data: string;
  /** The first owner's token. */
  readonly owner: string;
  /** Log lines of both. */
  readonly logs: string[];
  readonly admin: AdminServiceClient;
  readonly #clients = new Map<number, Client>();

  private constructor(
    controlPlane: RunningControlPlane,
    evaluator: RunningEvaluator,
    data: string,
    logs: string[],
  ) {
    this.controlPlane = controlPlane;
    this.evaluator = evaluator;
    this.data = data;
    this.logs = logs;
    this.owner = readFileSync(path.join(data, 'owner-key'), 'utf8').trim();
    this.admin = new AdminServiceClient(`127.0.0.1:${controlPlane.grpcPort}`, credentials.createInsecure());
  }

  /** With the demo flags in the environments development and production of project default. */
  static async start(): Promise<KeyedSite> {
    const data = tempDir('keyed');
    const logs: string[] = [];
    const destination = { write: (line: string): void => void logs.push(line) };
    const logger = createLogger({ level: 'debug', service: 'keyed', version: '0', nodeId: 'n', destination });
    const ports = { grpcPort: 0, managementPort: 0, requireKeys: true };
    const controlPlane = await startControlPlane(
      controlPlaneConfigSchema.parse({ ...ports, data, seed: 'demo', drainGraceMs: 500 }),
      { logger },
    );
    const { logSource: source, snapshots, heads: authority, reports } = controlPlane;
    const config = evaluatorConfigSchema.parse({ ...ports, drainMs: 50 });
    const evaluator = await startEvaluator(config, { source, snapshots, authority, reports, logger });
    await evaluator.ready();
    const site = new KeyedSite(controlPlane, evaluator, data, logs);
    hold({ what: 'a site with keys', release: () => site.close(), releaseNow: () => undefined });
    return site;
  }

  /** Made by the owner, and known to the evaluator. */
  async createKey(parent: string, key: object, headers: Headers = bearer(this.owner)): Promise<MadeKey> {
    const request = CreateKeyRequest.fromPartial({ parent, key, comment: 'test' });
    const answer = await callKnown(this.admin, this.admin.createKey, request, headers);
    await this.followed();
    return { name: (answer.key as ApiKey).name, token: answer.token };
  }

  /** Waits until the evaluator stands where the control plane does. */
  async followed(): Promise<void> {
    await until(() => this.evaluator.applied().revision === this.controlPlane.head().revision, {
      what: 'the evaluator at the head',
    });
  }

  /**
   * One call of any method with a message, an empty one by default: its first answer, or the error that it fails with. A stream that says
   * nothing for a moment was let in: undefined.
   */
  async call(
    port: number,
    method: AnyMethod,
    headers: Headers,
    message: unknown = method.requestDeserialize(Buffer.alloc(0)),
  ): Promise<unknown> {
    const client = this.#clientOf(port);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const { path: rpc, requestSerialize, responseDeserialize } = method;
    const deadline = Date.now() + 10_000;
    if (!method.requestStream && !method.responseStream)
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          rpc,
          requestSerialize,
          responseDeserialize,
          message,
          metadata,
          { deadline },
          (error, answer) => (error === null ? resolve(answer) : reject(fromServiceError(error))),
        );
      });
    const both = method.requestStream
      ? client.makeBidiStreamRequest(rpc, requestSerialize, responseDeserialize, metadata, { deadline })
      : undefined;
    const call =
      both ??
      client.makeServerStreamRequest(rpc, requestSerialize, responseDeserialize, message, metadata, {
        deadline,
      });
    return new Promise((resolve, reject) => {
      call.on('metadata', () => undefined);
      call.on('data', (answer: unknown) => {
        resolve(answer);
        call.cancel();
      });
      call.on('end', () => resolve(undefined));
      call.on('error', (error: ServiceError) => reject(fromServiceError(error)));
      both?.write(message);
      both?.end();
    });
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    this.admin.close();
    await this.evaluator.close();
    await this.controlPlane.close();
  }

  #clientOf(port: number): Client {
    let client = this.#clients.get(port);
    if (client === undefined) {
      client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
      this.#clients.set(port, client);
    }
    return client;
  }
}

/** What a call came to: let in, or why not. */
export async function verdict(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'yes',
    ({ reason, message }: FlagstreamError) => {
      if (reason === 'UNAUTHENTICATED' || reason === 'PERMISSION_DENIED') return reason;
      // It was let in, and something of the empty message was wrong.
      return reason === undefined || reason === 'INTERNAL' ? message : 'yes';
    },
  );
}
