// Real grpcurl.

import { TestProcess } from '../../support/process.ts';
import { requiresTool } from './requires-tool.ts';

export interface GrpcurlResult {
  /** 0, or 64 + the gRPC code when the server answered with an error. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const tool = requiresTool('grpcurl', 'grpcurl, or Go 1.24 to build it');

/** `describe` for cases that call grpcurl. */
export const describeGrpcurl: (name: string, body: () => void) => void = tool.describe;

/** Runs grpcurl to its end. */
export async function grpcurl(commandArguments: readonly string[]): Promise<GrpcurlResult> {
  const started = new TestProcess('grpcurl', tool.program, commandArguments);
  const { code } = await started.exited;
  return { code, stdout: started.text('stdout'), stderr: started.text('stderr') };
}
