// A real flagd over a file of flags that can be changed.

import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePortRange } from '../../support/free-port.ts';
import { TestProcess } from '../../support/process.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { until } from '../../support/until.ts';

/** Its four ports are neighbours, as flagd's own defaults are. */
const PORTS = 8;
const FIRST_PORT = 4;
const READY_MAX_MS = 30_000;

export class RealFlagd {
  readonly pid: number;
  readonly grpcPort: number;
  readonly #process: TestProcess;
  readonly #file: string;

  private constructor(process: TestProcess, grpcPort: number, file: string) {
    this.#process = process;
    this.pid = process.pid!;
    this.grpcPort = grpcPort;
    this.#file = file;
  }

  get syncPort(): number {
    return this.grpcPort + 2;
  }

  get ofrepPort(): number {
    return this.grpcPort + 3;
  }

  /** @param document its flags, as flagd's JSON */
  static async start(binary: string, document: string): Promise<RealFlagd> {
    const port = (await freePortRange(PORTS)) + FIRST_PORT;
    const file = path.join(tempDir('bench-flagd'), 'flags.flagd.json');
    writeFileSync(file, document);
    const words = [
      ...['start', '--port', String(port), '--management-port', String(port + 1)],
      ...['--sync-port', String(port + 2), '--ofrep-port', String(port + 3), '--uri', `file:${file}`],
    ];
    const process = new TestProcess('flagd', binary, words);
    await until(() => isReady(port + 1), { what: 'flagd to be ready', timeoutMs: READY_MAX_MS });
    return new RealFlagd(process, port, file);
  }

  /** At once for whoever reads the file: another one is renamed over it. */
  replace(document: string): void {
    writeFileSync(`${this.#file}.new`, document);
    renameSync(`${this.#file}.new`, this.#file);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}

async function isReady(managementPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).ok;
  } catch {
    return false;
  }
}
