// buf curl, which is an npm package: the foreign client that needs no toolchain.

import path from 'node:path';
import { TestProcess } from '../../support/process.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface BufCurlResult {
  /** 0, or 8 times the gRPC code when the server answered with an error. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const BUF: string = path.resolve(import.meta.dirname, '../../../node_modules/.bin/buf');

/** Runs `buf curl` over gRPC to its end, far from the repository's own proto files, which it would read otherwise. */
export async function bufCurl(commandArguments: readonly string[]): Promise<BufCurlResult> {
  const words = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...commandArguments];
  const started = new TestProcess('buf curl', BUF, words, { cwd: tempDir('buf-curl') });
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}
