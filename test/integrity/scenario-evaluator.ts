/** The part of an evaluator that follows a log, and its copy on disk; it writes down what its checks say. */
import { recordCodec } from '@flagstream/protocol';
import {
  FOLLOWER_SETTINGS,
  Follower,
  type FollowerEvent,
  type HeadBeacon,
  type LogRecord,
  LogState,
  type Place,
  type Snapshot,
} from '@flagstream/replica';
import { CacheLoader } from '../../services/evaluator/src/cache/cache-loader.ts';
import { NodeCacheFolder } from '../../services/evaluator/src/cache/node-cache-folder.ts';
import { writeSnapshot } from '../../services/evaluator/src/cache/snapshot-file.ts';
import { stateSnapshot } from '../../services/evaluator/src/cache/state-snapshot.ts';
import { Tail } from '../../services/evaluator/src/cache/tail.ts';
import type { HeldUnits } from '../../services/evaluator/src/state/held-units.ts';

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
    this.#handle({ type: 'snapshot', snapshot, origin: 'control-plane' });
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

/** Writes a record that was applied after a place into a cache folder. */
export async function saveTail(path: string, after: Place, record: LogRecord): Promise<void> {
  const tail = new Tail(new NodeCacheFolder(path));
  tail.append(after, [record]);
  tail.end();
  await tail.settled();
}

/** What the next process finds in a cache folder; what it passes over is noticed. */
export function loadState(path: string, noticed: string[]): Promise<LogState> {
  return load(path, noticed, async (loader) => loader.state(await loader.listing(), undefined));
}

/** The same for last good versions. */
export function loadHeld(path: string, noticed: string[]): Promise<HeldUnits | undefined> {
  return load(path, noticed, async (loader) => loader.held(await loader.listing()));
}

async function load<T>(
  path: string,
  noticed: string[],
  read: (loader: CacheLoader) => Promise<T>,
): Promise<T> {
  const loader = new CacheLoader(new NodeCacheFolder(path), recordCodec);
  const found = await read(loader);
  noticed.push(...loader.problems.map(({ file, detail }) => `${file}: ${detail}`));
  return found;
}
