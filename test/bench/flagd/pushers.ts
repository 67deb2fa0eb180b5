// The servers that crowds of flagd's clients connect to: an evaluator, a bare server of the same bytes, a real flagd.

import { EventStreamRequest, ServiceService } from '@flagstream/protocol/gen/flagd/evaluation/v2/evaluation';
import {
  FlagSyncServiceService,
  SyncFlagsRequest,
  SyncFlagsResponse,
} from '@flagstream/protocol/gen/flagd/sync/v1/sync';
import { BareStream } from '../../load/bare-stream.ts';
import { MEASURED_FLAG, rssBytes } from '../../load/load-site.ts';
import { machineMs, machineMsAt } from '../../load/machine-clock.ts';
import { until } from '../../support/until.ts';
import { BenchChild } from '../bench-child.ts';
import type { Memory } from '../resting-memory.ts';
import type { SecuritySite } from '../security/security-site.ts';
import type { StartedStreamFloor, StreamFloorQuestion } from '../stream-floor-host.ts';
import { cpuNs } from '../unary/cpu-time.ts';
import { RealFlagd } from './real-flagd.ts';

export interface StreamContract {
  readonly name: 'EventStream' | 'SyncFlags';
  readonly path: string;
  readonly request: Buffer;
  /** Messages that a stream of ours begins with. */
  readonly firstMessages: number;
}

export const EVENT_STREAM: StreamContract = {
  name: 'EventStream',
  path: ServiceService.eventStream.path,
  request: Buffer.from(EventStreamRequest.encode({}).finish()),
  // Ready, and every flag.
  firstMessages: 2,
};

export const SYNC_FLAGS: StreamContract = {
  name: 'SyncFlags',
  path: FlagSyncServiceService.syncFlags.path,
  request: Buffer.from(SyncFlagsRequest.encode({ providerId: '', selector: '' }).finish()),
  firstMessages: 1,
};

/** A server that pushes to all that have a stream open. */
export interface Pusher {
  readonly name: string;
  readonly endpoint: string;
  /** Answers when it began, by the machine's clock. */
  push(): Promise<number>;
  cpuMs(): number;
  /** At rest, where it can be brought there. */
  rssBytes(): Promise<number>;
  close(): Promise<void>;
}

/** What a stream begins with, and what it is told of the measured flag that goes off and on. */
export interface Captured {
  readonly first: readonly Buffer[];
  readonly changes: readonly [Buffer, Buffer];
}

/** @param newest revision of the flags; the measured one is on */
export async function startEvaluator(
  site: SecuritySite,
  { name }: StreamContract,
  newest: number,
): Promise<Pusher> {
  const evaluator = await site.startEvaluator('plaintext');
  await evaluator.follow(newest);
  let enabled = true;
  return {
    name: 'evaluator',
    endpoint: `127.0.0.1:${name === 'SyncFlags' ? evaluator.syncPort : evaluator.grpcPort}`,
    push: async () => {
      enabled = !enabled;
      await site.admin.setEnabled(MEASURED_FLAG, enabled);
      return machineMsAt(await site.lastCommitMs());
    },
    cpuMs: () => cpuNs(evaluator.pid) / 1e6,
    rssBytes: async () => (await evaluator.memory()).rssBytes,
    close: async () => {
      if (!enabled) await site.admin.setEnabled(MEASURED_FLAG, true);
      await evaluator.close();
    },
  };
}

export async function startFloor({ path }: StreamContract, { first, changes }: Captured): Promise<Pusher> {
  const host = new BenchChild('stream-floor-host', [], ['--expose-gc']);
  const ask = <Answer>(question: StreamFloorQuestion): Promise<Answer> => host.ask<Answer>(question);
  const { pid, port } = await ask<StartedStreamFloor>({
    ...{ ask: 'start', path, duplex: false, first: first.map(base64) },
  });
  let pushes = 0;
  return {
    name: 'bare grpc-js',
    endpoint: `127.0.0.1:${port}`,
    push: () => ask<number>({ ask: 'push', messages: [base64(changes[pushes++ % 2]!)] }),
    cpuMs: () => cpuNs(pid) / 1e6,
    rssBytes: async () => (await ask<Memory>({ ask: 'memory' })).rssBytes,
    close: () => host.close(),
  };
}

/** @param documents what SyncFlags has told: with the measured flag on, and off */
export async function startFlagd(
  binary: string,
  { name }: StreamContract,
  documents: readonly [string, string],
): Promise<Pusher> {
  const flagd = await RealFlagd.start(binary, documents[0]);
  let pushes = 0;
  return {
    name: 'flagd',
    endpoint: `127.0.0.1:${name === 'SyncFlags' ? flagd.syncPort : flagd.grpcPort}`,
    push: async () => {
      const beganMs = machineMs();
      flagd.replace(documents[++pushes % 2]!);
      return beganMs;
    },
    cpuMs: () => cpuNs(flagd.pid) / 1e6,
    rssBytes: async () => rssBytes(flagd.pid),
    close: () => flagd.stop(),
  };
}

/** Documents of SyncFlags, with the measured flag on and off. */
export function documentsOf({ first, changes }: Captured): [string, string] {
  return [SyncFlagsResponse.decode(first[0]!), SyncFlagsResponse.decode(changes[0])].map(
    ({ flagConfiguration }) => flagConfiguration,
  ) as [string, string];
}

export async function capture(server: Pusher, contract: StreamContract): Promise<Captured> {
  const messages: Buffer[] = [];
  const listener = {
    message: (bytes: Buffer) => void messages.push(Buffer.from(bytes)),
    ended: () => undefined,
  };
  const stream = new BareStream(server.endpoint, contract.path, {}, listener);
  stream.send(contract.request);
  stream.end();
  const told = async (count: number): Promise<Buffer> => {
    await until(() => messages.length >= count, { what: `message ${count} of ${contract.name}` });
    return messages[count - 1]!;
  };
  await told(contract.firstMessages);
  const first = messages.slice(0, contract.firstMessages);
  await server.push();
  const off = await told(first.length + 1);
  await server.push();
  const on = await told(first.length + 2);
  stream.cancel();
  return { first, changes: [off, on] };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');
