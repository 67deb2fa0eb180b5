// The parent's end of node-host.ts.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { hold } from '../support/resources.ts';
import type { HostRequest, HostStarted, MemoryFigures } from './node-host.ts';

const HOST: string = path.join(import.meta.dirname, 'node-host.ts');
const TSX: string = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export class HostedNode {
  readonly grpcPort: number;
  readonly managementPort: number;
  readonly #child: ChildProcess;
  readonly #forget: () => void;

  private constructor(child: ChildProcess, started: HostStarted, forget: () => void) {
    this.#child = child;
    this.grpcPort = started.grpcPort;
    this.managementPort = started.managementPort;
    this.#forget = forget;
  }

  /** Resolves when the node is ready. */
  static async start(role: 'control-plane' | 'evaluator', settings: object): Promise<HostedNode> {
    const child = spawn(
      process.execPath,
      ['--expose-gc', ...packageConditions(), '--import', TSX, HOST, role, JSON.stringify(settings)],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    const forget = hold({
      what: `hosted ${role} (pid ${child.pid})`,
      release: () => void child.kill('SIGKILL'),
      releaseNow: () => child.kill('SIGKILL'),
    });
    const [started] = await Promise.race([
      once(child, 'message') as Promise<[HostStarted]>,
      once(child, 'exit').then(() => Promise.reject(new Error(`the hosted ${role} ended at its start`))),
    ]);
    return new HostedNode(child, started, forget);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async measure(): Promise<MemoryFigures> {
    const answer = once(this.#child, 'message') as Promise<[MemoryFigures]>;
    this.#send('measure');
    return (await answer)[0];
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#send('stop');
    await gone;
    this.#forget();
  }

  #send(request: HostRequest): void {
    this.#child.send(request);
  }
}

/** Packages are their builds where those are current (support/flagstream.ts), else their sources. */
function packageConditions(): string[] {
  return process.env['FLAGSTREAM_TEST_BUILT'] === '1' ? [] : ['--conditions=source'];
}
