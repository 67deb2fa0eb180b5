// One run of h2load: a gRPC call or a request over HTTP/1.1, over and over, on a number of connections with a number of
// streams each.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { tempDir } from '../../support/temp-dir.ts';
import { pinned } from '../pin.ts';
import { percentile } from '../statistics.ts';
import type { H2load } from './find-h2load.ts';

export interface Shape {
  readonly connections: number;
  readonly streams: number;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Of single requests under this load, which keeps every stream busy: mostly waiting time. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PROTOCOL_OPTIONS: Readonly<Record<Protocol, readonly string[]>> = {
  grpc: ['--header', 'content-type: application/grpc', '--header', 'te: trailers'],
  http: ['--h1', '--header', 'content-type: application/json'],
};
const RUN_MAX_MS = 60_000;
/** A frame's head: not compressed, length in four bytes. */
const GRPC_HEAD_BYTES = 5;

/** A gRPC message with its head, as a file for h2load. */
export function requestFile(message: Uint8Array): string {
  const framed = Buffer.alloc(GRPC_HEAD_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, GRPC_HEAD_BYTES);
  return bodyFile(framed);
}

/** A body as it is, as a file for h2load. */
export function bodyFile(body: Uint8Array): string {
  const file = path.join(tempDir('h2load'), 'request');
  writeFileSync(file, body);
  return file;
}

/** HTTP stands for JSON over HTTP/1.1, of which a connection carries one request at a time. */
export type Protocol = 'grpc' | 'http';

export interface Load {
  /** Default gRPC. */
  readonly protocol?: Protocol;
  readonly url: string;
  readonly file: string;
  readonly requests: number;
  readonly shape: Shape;
  /** Every answer is at least this long: gRPC errors are answers without a message. */
  readonly answerBytesMin: number;
  readonly core: number | undefined;
  /** Beside the protocol's own, "name: value" each. They stand in the command line: throw-away keys alone. */
  readonly headers?: readonly string[];
}

/** @throws Error when any request failed or answered too little. */
export async function runH2load({ program, env }: H2load, load: Load): Promise<LoadResult> {
  const log = path.join(tempDir('h2load'), 'log');
  const { connections, streams } = load.shape;
  const options = [
    ...['--requests', String(load.requests), '--clients', String(connections)],
    ...['--max-concurrent-streams', String(streams), '--threads', '1', '--data', load.file],
    ...[...PROTOCOL_OPTIONS[load.protocol ?? 'grpc'], '--log-file', log],
    ...(load.headers ?? []).flatMap((header) => ['--header', header]),
    load.url,
  ];
  const [command, words] = load.core === undefined ? [program, options] : pinned(load.core, program, options);
  const { stdout } = await promisify(execFile)(command, words, {
    env: { ...process.env, ...env },
    timeout: RUN_MAX_MS,
  });
  check(stdout, load);
  const latenciesMs = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]) / 1_000);
  return {
    perSecond: numberIn(stdout, /finished in .*?, ([\d.]+) req\/s/),
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  };
}

function check(output: string, { requests, answerBytesMin, protocol }: Load): void {
  const succeeded = numberIn(output, /, (\d+) succeeded/);
  const dataBytes = numberIn(output, /\((\d+)\) data/);
  const headBytes = protocol === 'http' ? 0 : GRPC_HEAD_BYTES;
  if (succeeded !== requests || dataBytes < requests * (headBytes + answerBytesMin)) {
    throw new Error(
      `h2load: ${succeeded} of ${requests} requests succeeded, with ${dataBytes} bytes:\n${output}`,
    );
  }
}

function numberIn(output: string, pattern: RegExp): number {
  const value = Number(pattern.exec(output)?.[1]);
  if (Number.isNaN(value)) throw new Error(`h2load printed nothing like ${pattern}:\n${output}`);
  return value;
}
