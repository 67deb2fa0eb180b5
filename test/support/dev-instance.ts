// `flagstream dev` as a real process on free ports: control plane and evaluator in one.

import { Admin } from './admin.ts';
import { startFlagstream } from './flagstream.ts';
import { freePortRange } from './free-port.ts';
import type { TestProcess } from './process.ts';
import { tempDir } from './temp-dir.ts';

export interface DevInstance {
  readonly process: TestProcess;
  readonly dataDir: string;
  readonly portBase: number;
  readonly adminPort: number;
  readonly evaluatorPort: number;
  readonly admin: Admin;
  /** For flagstream's client commands. */
  readonly env: Readonly<Record<string, string>>;
}

/** The ports that `--port-base` covers. */
const PORTS = 7;

export async function startDev(
  options: { readonly seed?: 'default' | 'demo'; readonly dataDir?: string } = {},
): Promise<DevInstance> {
  const portBase = await freePortRange(PORTS);
  const dataDir = options.dataDir ?? tempDir('dev');
  const process = startFlagstream([
    'dev',
    `--seed=${options.seed ?? 'default'}`,
    `--data=${dataDir}`,
    `--port-base=${portBase}`,
  ]);
  await process.waitForReady(portBase + 4);
  return {
    process,
    dataDir,
    portBase,
    adminPort: portBase,
    evaluatorPort: portBase + 3,
    admin: new Admin(portBase),
    env: { FLAGSTREAM_SERVER: `localhost:${portBase}`, FLAGSTREAM_EVALUATOR: `localhost:${portBase + 3}` },
  };
}
