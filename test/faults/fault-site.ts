// A whole installation to be broken: nats-server, control plane and evaluators as real processes, each connection
// between them through a proxy of its own, and their stores as folders that can be copied, replaced and removed.

import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LogServiceClient } from '@flagstream/protocol/gen/flagstream/v1/log';
import type { SourceState } from '@flagstream/replica';
import { credentials } from '@grpc/grpc-js';
import type { Place } from '../history/history.ts';
import { callUnary } from '../support/grpc-call.ts';
import { type NatsServer, startNatsServer } from '../support/nats-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { FaultNode } from './fault-node.ts';

export interface SiteOptions {
  readonly evaluators: number;
  /** Settings of the control plane, and of every evaluator. */
  readonly controlPlane?: readonly string[];
  readonly evaluator?: readonly string[];
  /** Evaluators keep no copy of the state on disk. */
  readonly withoutCache?: boolean;
}

/** An evaluator, and the network as it sees it. */
export interface FaultEvaluator {
  readonly node: FaultNode;
  readonly toNats: TcpProxy;
  readonly toControlPlane: TcpProxy;
  readonly cacheDir: string;
}

const CONVERGED_TIMEOUT_MS = 60_000;
/** 5 s until NATS is called unhealthy, 2 s until it is well again, on a machine that runs everything else as well. */
const SOURCE_TIMEOUT_MS = 60_000;
const NATS_STORE_MAX = '2GB';

export class FaultSite {
  readonly nats: NatsServer;
  readonly dataDir: string;
  readonly controlPlane: FaultNode;
  readonly controlPlaneToNats: TcpProxy;
  /** Between admin clients and the control plane. */
  readonly adminLink: TcpProxy;
  readonly evaluators: readonly FaultEvaluator[];
  readonly #natsConfig: string;
  readonly #heads: LogServiceClient;

  private constructor(parts: SiteParts) {
    this.nats = parts.nats;
    this.#natsConfig = parts.natsConfig;
    this.dataDir = parts.dataDir;
    this.controlPlane = parts.controlPlane;
    this.controlPlaneToNats = parts.controlPlaneToNats;
    this.adminLink = parts.adminLink;
    this.evaluators = parts.evaluators;
    this.#heads = new LogServiceClient(
      `127.0.0.1:${this.controlPlane.grpcPort}`,
      credentials.createInsecure(),
      { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 250 },
    );
  }

  /** Everything prepared and nothing of ours started yet. */
  static async prepare(options: SiteOptions): Promise<FaultSite> {
    const natsConfig = path.join(tempDir('fault-nats'), 'nats.conf');
    writeNatsConfig(natsConfig, NATS_STORE_MAX);
    const nats = await startNatsServer({ config: natsConfig });
    const dataDir = tempDir('fault-data');
    const controlPlaneToNats = await TcpProxy.start(nats.port);
    const controlPlane = await FaultNode.create('control plane', [
      '--role=control-plane',
      `--data=${dataDir}`,
      `--nats-url=nats://${controlPlaneToNats.address}`,
      `--nats-prefix=${nats.prefix}`,
      ...(options.controlPlane ?? []),
    ]);
    const adminLink = await TcpProxy.start(controlPlane.grpcPort);
    const evaluators: FaultEvaluator[] = [];
    for (let i = 0; i < options.evaluators; i += 1)
      evaluators.push(await prepareEvaluator(`evaluator ${i + 1}`, nats, controlPlane, options));
    return new FaultSite({
      nats,
      natsConfig,
      dataDir,
      controlPlane,
      controlPlaneToNats,
      adminLink,
      evaluators,
    });
  }

  /** The same, and started. */
  static async start(options: SiteOptions): Promise<FaultSite> {
    const site = await FaultSite.prepare(options);
    await site.controlPlane.start();
    await Promise.all(site.evaluators.map(({ node }) => node.start()));
    return site;
  }

  /** The newest revision, as the control plane says. */
  async head(): Promise<Place> {
    const { head } = await callUnary(this.#heads, this.#heads.getHead, {});
    if (head === undefined) throw new Error('the control plane names no head');
    return { epoch: head.epoch, revision: Number(head.headRevision) };
  }

  /**
   * Waits until every evaluator that serves has applied what is the newest revision now, or later ones of the same
   * epoch: writes go on meanwhile. An epoch that begins counts anew.
   */
  async converged(timeoutMs = CONVERGED_TIMEOUT_MS): Promise<void> {
    let wanted = await this.head();
    await until(
      async () => {
        const head = await this.head();
        if (head.epoch !== wanted.epoch) wanted = head;
        for (const { node } of this.evaluators) {
          if (!node.serving) continue;
          const applied = await node.applied();
          if (applied.epoch !== wanted.epoch || applied.revision < wanted.revision) return false;
        }
        return true;
      },
      { what: 'every evaluator at the newest revision', timeoutMs },
    );
  }

  /** Waits until every evaluator, those that are being started included, has what was written at a place. */
  async reached({ epoch, revision }: Place): Promise<void> {
    await until(
      async () => {
        const places = await Promise.all(this.evaluators.map(({ node }) => node.applied()));
        return places.every((at) => at.epoch > epoch || (at.epoch === epoch && at.revision >= revision));
      },
      { what: `every evaluator at ${epoch}.${revision}`, timeoutMs: CONVERGED_TIMEOUT_MS },
    );
  }

  /** Waits until each of these evaluators, of all unless named, says that its answers stand on this. */
  async standOn(source: SourceState, evaluators: readonly FaultEvaluator[] = this.evaluators): Promise<void> {
    for (const { node } of evaluators)
      await until(async () => (await node.metric(`flagstream_source_state{state="${source}"}`)) === 1, {
        what: `${node.name} to stand on ${source}`,
        timeoutMs: SOURCE_TIMEOUT_MS,
      });
  }

  /** Cuts, or heals, every connection of one evaluator. */
  isolate({ toNats, toControlPlane }: FaultEvaluator): void {
    for (const proxy of [toNats, toControlPlane]) proxy.set({ kind: 'drop', direction: 'both' });
  }

  rejoin({ toNats, toControlPlane }: FaultEvaluator): void {
    for (const proxy of [toNats, toControlPlane]) proxy.heal();
  }

  /** Kills the nats-server, does something to its store, and starts it again. */
  async withNatsStopped(act: (storeDir: string) => void | Promise<void>): Promise<void> {
    await this.nats.stop('SIGKILL');
    await act(this.natsStoreDir);
    await this.nats.restart();
  }

  /** What all of JetStream may store, for example 1MB; from the next start of the nats-server on. */
  limitNatsStore(size: string = NATS_STORE_MAX): void {
    writeNatsConfig(this.#natsConfig, size);
  }

  get natsStoreDir(): string {
    const { storeDir } = this.nats;
    if (storeDir === undefined) throw new Error('the nats-server is not ours');
    return storeDir;
  }

  close(): void {
    this.#heads.close();
  }
}

function writeNatsConfig(file: string, storeMax: string): void {
  writeFileSync(file, `jetstream { max_file_store: ${storeMax} }\n`);
}

/** A copy of a folder as it is now. */
export function copyOf(folder: string): string {
  const copy = path.join(tempDir('fault-copy'), 'copy');
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Makes a folder hold what a copy holds, and nothing else. */
export function replaceFolder(folder: string, copy: string): void {
  removeFolder(folder);
  cpSync(copy, folder, { recursive: true });
}

export function removeFolder(folder: string): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true, maxRetries: 3 });
}

interface SiteParts {
  readonly nats: NatsServer;
  readonly natsConfig: string;
  readonly dataDir: string;
  readonly controlPlane: FaultNode;
  readonly controlPlaneToNats: TcpProxy;
  readonly adminLink: TcpProxy;
  readonly evaluators: readonly FaultEvaluator[];
}

async function prepareEvaluator(
  name: string,
  nats: NatsServer,
  controlPlane: FaultNode,
  { evaluator = [], withoutCache = false }: SiteOptions,
): Promise<FaultEvaluator> {
  const toNats = await TcpProxy.start(nats.port);
  const toControlPlane = await TcpProxy.start(controlPlane.grpcPort);
  const cacheDir = path.join(tempDir('fault-cache'), 'cache');
  const node = await FaultNode.create(name, [
    '--role=evaluator',
    `--nats-url=nats://${toNats.address}`,
    `--nats-prefix=${nats.prefix}`,
    `--control-plane-address=${toControlPlane.address}`,
    ...(withoutCache ? [] : [`--cache-dir=${cacheDir}`]),
    ...evaluator,
  ]);
  return { node, toNats, toControlPlane, cacheDir };
}
