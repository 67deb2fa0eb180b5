/** The part of an evaluator that follows a log, and its copy on disk; it writes down what its checks say. */
import { recordCodec } from '@flagstream/protocol';
import {
  FOLLOWER_SETTINGS,
  Follower,
  type FollowerEvent,
  type HeadBeacon,
  LogState,
  type Snapshot,
} from '@flagstream/replica';
import { CacheLoader } from '../../services/evaluator/src/cache/cache-loader.ts';
import { NodeCacheFolder } from '../../services/evaluator/src/cache/node-cache-folder.ts';
import { writeSnapshot } from '../../services/evaluator/src/cache/snapshot-file.ts';
import { stateSnapshot } from '../../services/evaluator/src/cache/state-snapshot.ts';

export class ScenarioEvaluator {
  readonly noticed: string[] = [];
  readonly #follower: Follower;
  #nowMs = 0;

  constructor(state: LogState = new LogState(recordCodec)) {
    const settings = FOLLOWER_SETTINGS;
    this.#follower = new Follower({ codec: recordCodec, settings, random: () => 0.5, state });
    this.#handle({ type: 'start' });
  }

  get state(): LogState {
    return this.#follower.state;
  }

  /** It believes that it has what the control plane has. */
  get isTrusted(): boolean {
    return this.#follower.freshness(this.#nowMs).source !== 'diverged';
  }

  take(snapshot: Snapshot): void {
    this.#handle({ type: 'snapshot', snapshot });
  }

  fold(records: readonly Uint8Array[]): void {
    this.#handle({ type: 'records', records });
  }

  hear(beacon: HeadBeacon): void {
    this.#handle({ type: 'head', beacon });
  }

  #handle(event: FollowerEvent): void {
    this.#nowMs += 1_000;
    for (const effect of this.#follower.handle(event, this.#nowMs))
      if (effect.type === 'alarm') this.noticed.push(`${effect.code}: ${effect.detail}`);
  }
}

/** Writes a state's snapshot into a cache folder; answers the file's name. */
export async function saveState(path: string, state: LogState): Promise<string> {
  const folder = new NodeCacheFolder(path);
  await folder.claim();
  await writeSnapshot(folder, stateSnapshot(state));
  const [name] = (await new CacheLoader(folder, recordCodec).listing()).snapshots;
  await folder.release();
  if (name === undefined) throw new Error('no snapshot was written');
  return name.name;
}

/** What the next process finds in a cache folder; what it passes over is noticed. */
export async function loadState(path: string, noticed: string[]): Promise<LogState> {
  const loader = new CacheLoader(new NodeCacheFolder(path), recordCodec);
  const state = await loader.state(await loader.listing(), undefined);
  noticed.push(...loader.problems.map(({ file, detail }) => `${file}: ${detail}`));
  return state;
}
