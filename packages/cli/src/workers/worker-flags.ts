/** What makes of one evaluator's settings those of one of several: flags, which count before all else. Pure. */
import { join } from 'node:path';
import type { EvaluatorConfig } from '@flagstream/evaluator';

export function workerFlags(
  { workersManagementPort: base, cache }: EvaluatorConfig,
  index: number,
  nodeId: string,
): readonly string[] {
  return [
    '--workers=1',
    `--node-id=${nodeId}`,
    `--management-port=${base === 0 ? 0 : base + index}`,
    ...(cache.dir === undefined ? [] : [`--cache-dir=${join(cache.dir, `worker-${index}`)}`]),
  ];
}
