/**
 * The folder of an evaluator's cache on a simulated disk, in one life of the
 * evaluator: what a dead process still wanted to do does not happen. Writing,
 * syncing and renaming take time, so that crashes fall between them.
 */
import type { CacheFile, CacheFolder } from '../../../services/evaluator/src/cache/cache-folder.ts';
import type { Disk } from '../world/disk.ts';
import type { Process } from '../world/process.ts';

const WORK_MS = { min: 1, max: 25 } as const;

export class SimCacheFolder implements CacheFolder {
  readonly #process: Process;
  readonly #disk: Disk;
  readonly #life: number;

  constructor(process: Process, disk: Disk) {
    this.#process = process;
    this.#disk = disk;
    this.#life = process.life;
  }

  claim(): Promise<void> {
    return this.#soon(() => undefined);
  }

  release(): Promise<void> {
    return this.#soon(() => undefined);
  }

  list(): Promise<readonly string[]> {
    return this.#soon(() => this.#disk.names());
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#soon(() => {
      const blocks = this.#disk.read(name);
      return blocks === undefined ? undefined : Buffer.concat(blocks);
    });
  }

  create(name: string): CacheFile {
    this.#now(() => this.#disk.overwrite(name));
    return this.#file(name);
  }

  open(name: string): CacheFile {
    return this.#file(name);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later(() => this.#disk.rename(from, to));
  }

  remove(name: string): Promise<void> {
    return this.#later(() => this.#disk.remove(name));
  }

  sync(): Promise<void> {
    return this.#later(() => this.#disk.syncFolder());
  }

  #file(name: string): CacheFile {
    const disk = this.#disk;
    return {
      append: (bytes) => this.#now(() => disk.append(name, bytes)),
      overwrite: (bytes) => this.#now(() => disk.overwrite(name, bytes)),
      write: (bytes) => this.#later(() => disk.append(name, bytes)),
      sync: () => this.#later(() => disk.sync(name)),
      close: () => this.#soon(() => undefined),
    };
  }

  get #alive(): boolean {
    return this.#process.up && this.#process.life === this.#life;
  }

  #now(work: () => void): void {
    if (this.#alive) work();
  }

  /** Within the event that is happening. A dead process waits for ever. */
  #soon<T>(work: () => T): Promise<T> {
    this.#process.world.promised();
    return this.#alive ? Promise.resolve(work()) : new Promise(() => undefined);
  }

  #later<T>(work: () => T): Promise<T> {
    const { world } = this.#process;
    return new Promise((resolve) => {
      if (!this.#alive) return;
      this.#process.after(world.random.int(WORK_MS.min, WORK_MS.max), () => {
        world.promised();
        resolve(work());
      });
    });
  }
}
