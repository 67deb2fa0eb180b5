// A control plane or an evaluator in a process of its own that tells its memory when it is asked: the heap after a
// forced collection says what is kept, which no metric of a running process can.

import process from 'node:process';
import { controlPlaneConfigSchema, startControlPlane } from '@flagstream/control-plane';
import { evaluatorConfigSchema, startEvaluator } from '@flagstream/evaluator';
import { createLogger } from '@flagstream/runtime';
import { type KeptMemory, keptMemory } from '../support/kept-memory.ts';

export type HostRequest = 'measure' | 'stop';

export interface HostStarted {
  readonly grpcPort: number;
  readonly managementPort: number;
}

export interface MemoryFigures extends KeptMemory {
  readonly revision: number;
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

const [role = '', settings = '{}'] = process.argv.slice(2);
const hosted = await start(role, JSON.parse(settings) as object);
process.on('message', (request: HostRequest) => {
  if (request === 'measure')
    process.send?.({ ...keptMemory(), revision: hosted.revision() } satisfies MemoryFigures);
  else void hosted.close().finally(() => process.exit());
});
// Its parent is gone: so is its purpose.
process.on('disconnect', () => process.exit());
process.send?.({ grpcPort: hosted.grpcPort, managementPort: hosted.managementPort } satisfies HostStarted);
