/** For tests: a process that follows a log with its cache, which can be ended and started again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordCodec } from '@flagstream/protocol';
import { type LogRecord, LogState } from '@flagstream/replica';
import { afterEach } from 'vitest';
import type { MemoryLog } from '../log.fixture.ts';
import type { HeldUnits } from '../state/held-units.ts';
import type { CacheFile, CacheFolder } from './cache-folder.ts';
import type { CacheProblem } from './cache-problem.ts';
import { EvaluatorCache, type OpenedCache } from './evaluator-cache.ts';
import { NodeCacheFolder } from './node-cache-folder.ts';

const folders: string[] = [];
const claims: CacheFolder[] = [];
afterEach(async () => {
  for (const folder of claims.splice(0)) await folder.release();
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flagstream-cache-'));
  folders.push(path);
  return path;
}

export class CachedProcess {
  state: LogState;
  held: HeldUnits;
  nowMs = 0;
  readonly reported: CacheProblem[] = [];
  readonly opened: OpenedCache;
  readonly #folder: CacheFolder;

  static async start(folder: CacheFolder, release = '1'): Promise<CachedProcess> {
    const process = await CachedProcess.load(folder, release);
    if (process.state.position.revision > 0) process.cache.activating();
    process.cache.loaded();
    return process;
  }

  /** As far as the files are read: what they say is not in force yet. */
  static async load(folder: CacheFolder, release = '1'): Promise<CachedProcess> {
    claims.push(folder);
    const closures: { process?: CachedProcess } = {};
    const running = (): CachedProcess => closures.process!;
    const opened = await EvaluatorCache.open({
      folder,
      codec: recordCodec,
      release,
      now: () => closures.process?.nowMs ?? 0,
      state: () => running().state,
      held: () => running().held,
      report: (problem) => running().reported.push(problem),
    });
    closures.process = new CachedProcess(opened, folder);
    return closures.process;
  }

  private constructor(opened: OpenedCache, folder: CacheFolder) {
    this.opened = opened;
    this.state = opened.state;
    this.held = opened.held ?? { logIdentity: opened.state.logIdentity, units: [] };
    this.#folder = folder;
  }

  get cache(): EvaluatorCache {
    return this.opened.cache;
  }

  /** Folds records as one batch. */
  apply(...records: LogRecord[]): void {
    this.cache.applying({ epoch: records.at(-1)!.epoch, revision: records.at(-1)!.revision });
    for (const record of records) {
      const outcome = this.state.apply(record);
      if (outcome.kind !== 'applied') throw new Error(outcome.kind);
    }
    this.cache.applied(records);
  }

  /** Folds what is missing, record by record. */
  follow(log: MemoryLog): void {
    for (const record of log.records) if (record.revision > this.state.position.revision) this.apply(record);
  }

  replace(log: MemoryLog): void {
    this.cache.applying(log.position);
    this.state = LogState.fromSnapshot(recordCodec, log.snapshot());
    this.cache.replaced();
  }

  /** As `kill -9` does: nothing is written any more, and the claim counts no longer. */
  async kill(): Promise<void> {
    await this.#folder.release();
  }
}

export const startIn = (path: string, release?: string): Promise<CachedProcess> =>
  CachedProcess.start(new NodeCacheFolder(path), release);

/** Files in memory: for loops over thousands of damaged ones. */
export class MemoryFolder implements CacheFolder {
  readonly files = new Map<string, Uint8Array>();
  /** Called before a file is read: whatever else waits has its turn then. */
  reading: (name: string) => void = () => undefined;
  /** Set: every write fails with it. */
  fault: Error | undefined;

  claim(): Promise<void> {
    return this.fault === undefined ? Promise.resolve() : Promise.reject(this.fault);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  list(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    this.reading(name);
    return Promise.resolve(this.files.get(name));
  }

  create(name: string): CacheFile {
    this.#allowed();
    this.files.set(name, new Uint8Array(0));
    return this.open(name);
  }

  open(name: string): CacheFile {
    this.#allowed();
    const content = (): Uint8Array => this.files.get(name) ?? new Uint8Array(0);
    const append = (bytes: Uint8Array): void => {
      this.#allowed();
      this.files.set(name, Buffer.concat([content(), bytes]));
    };
    return {
      append,
      overwrite: (bytes) => {
        this.#allowed();
        this.files.set(name, Buffer.concat([bytes, content().subarray(bytes.length)]));
      },
      write: async (bytes) => append(bytes),
      sync: async () => this.#allowed(),
      close: () => Promise.resolve(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#allowed();
    this.files.set(to, this.files.get(from)!);
    this.files.delete(from);
  }

  async remove(name: string): Promise<void> {
    this.#allowed();
    this.files.delete(name);
  }

  async sync(): Promise<void> {
    this.#allowed();
  }

  #allowed(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
