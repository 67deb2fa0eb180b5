// A control plane or an evaluator in a process of its own that tells its memory when it is asked: the heap after a
// forced collection says what is kept, which no metric of a running process can.

import process from 'node:process';
import { controlPlaneConfigSchema, startControlPlane } from '@flagstream/control-plane';
import { evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { createLogger } from '@flagstream/runtime';

export type HostRequest = 'measure' | 'stop';

export interface HostStarted {
  readonly grpcPort: number;
  readonly managementPort: number;
}

export interface MemoryFigures {
  readonly revision: number;
  /** After a forced collection. */
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
}

interface Hosted extends HostStarted {
  revision(): number;
  close(): Promise<void>;
}

const logger = createLogger({ level: 'error', service: 'soak', version: 'soak', nodeId: 'soak' });

async function start(role: string, settings: object): Promise<Hosted> {
  if (role === 'control-plane') {
    const running = await startControlPlane(controlPlaneConfigSchema.parse(settings), { logger });
    return { ...running, revision: () => running.head().revision, close: () => running.close() };
  }
  const running = await startEvaluator(evaluatorConfigSchema.parse(settings), { logger });
  await running.ready();
  return { ...running, revision: () => running.applied().revision, close: () => running.close() };
}

function measure(hosted: Hosted): MemoryFigures {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start this host with --expose-gc');
  // The second collection takes what the finalizers of the first one let go.
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { revision: hosted.revision(), heapBytes: heapUsed, externalBytes: external, rssBytes: rss };
}

const [role = '', settings = '{}'] = process.argv.slice(2);
const hosted = await start(role, JSON.parse(settings) as object);
process.on('message', (request: HostRequest) => {
  if (request === 'measure') process.send?.(measure(hosted));
  else void hosted.close().finally(() => process.exit());
});
// Its parent is gone: so is its purpose.
process.on('disconnect', () => process.exit());
process.send?.({ grpcPort: hosted.grpcPort, managementPort: hosted.managementPort } satisfies HostStarted);
