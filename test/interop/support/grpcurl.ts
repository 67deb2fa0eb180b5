// Real grpcurl, which `make interop` has built into .cache/bin, or the one on PATH. Where there is neither,
// its cases are skipped by name.

import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { describe } from 'vitest';
import { TestProcess } from '../../support/process.ts';

export interface GrpcurlResult {
  /** 0, or 64 + the gRPC code when the server answered with an error. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const CACHE: string = path.resolve(import.meta.dirname, '../../../.cache/bin');
const searched = [CACHE, ...(process.env['PATH'] ?? '').split(path.delimiter)];
const binary: string | undefined = searched
  .map((folder) => path.join(folder, 'grpcurl'))
  .find((file) => existsSync(file));

/** `describe` for cases that call grpcurl. */
export const describeGrpcurl: (name: string, body: () => void) => void =
  binary === undefined
    ? (name, body) => void describe.skip(`${name} [needs grpcurl, or Go 1.24 to build it]`, body)
    : describe;

/** Runs grpcurl to its end. */
export async function grpcurl(commandArguments: readonly string[]): Promise<GrpcurlResult> {
  const started = new TestProcess('grpcurl', binary ?? 'grpcurl', commandArguments);
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}
