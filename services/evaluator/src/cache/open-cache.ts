/** Opens the disk's copy, where the settings name a folder for one. */
import { recordCodec } from '@flagstream/protocol';
import type { LogState } from '@flagstream/replica';
import type { Lifecycle, Logger } from '@flagstream/runtime';
import type { HeldUnits } from '../state/held-units.ts';
import type { CacheProblem } from './cache-problem.ts';
import { EvaluatorCache, type OpenedCache } from './evaluator-cache.ts';
import { NodeCacheFolder } from './node-cache-folder.ts';

export interface CacheParts {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly release: string;
  readonly monotonicMs: () => number;
  readonly state: () => LogState;
  readonly held: () => HeldUnits;
}

/** @throws FlagstreamError DATA_DIR_LOCKED when another process has the folder */
export async function openCache(
  dir: string | undefined,
  { lifecycle, logger, release, monotonicMs, state, held }: CacheParts,
): Promise<OpenedCache | undefined> {
  if (dir === undefined) return undefined;
  const report = ({ kind, file, detail }: CacheProblem): void => {
    logger.warn({ problem: kind, file, detail }, 'the disk cache is not as it should be');
  };
  const opened = await lifecycle.start(
    'disk cache',
    () =>
      EvaluatorCache.open({
        folder: new NodeCacheFolder(dir),
        codec: recordCodec,
        release,
        now: monotonicMs,
        state,
        held,
        report,
      }),
    ({ cache }) => cache.close(),
  );
  for (const problem of opened.problems) report(problem);
  const { epoch, revision } = opened.state.position;
  if (revision > 0) logger.info({ epoch, revision }, 'the disk cache holds a state');
  return opened;
}
