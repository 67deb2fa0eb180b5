/**
 * The tail that is being written: it begins at the first record after a place
 * and is given up at the first write that fails, since what would follow could
 * not be read.
 */
import { LIMITS } from '@flagstream/protocol';
import type { LogRecord, Place } from '@flagstream/replica';
import { crashesNext, crashPoint } from '@flagstream/runtime';
import type { CacheFile, CacheFolder } from './cache-folder.ts';
import { tailName } from './cache-names.ts';
import { tailFrames, tailHeader } from './tail-file.ts';

export class Tail {
  readonly #folder: CacheFolder;
  #file: CacheFile | undefined;
  #place: Place | undefined;
  #bytes = 0;
  /** No more is added until the next one begins. */
  #full = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(folder: CacheFolder) {
    this.#folder = folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What comes after it is being written; undefined between two tails. */
  get place(): Place | undefined {
    return this.#place;
  }

  /** Adds records that come right after a place. @throws what the file system says; then this tail ends here */
  append(after: Place, records: readonly LogRecord[]): void {
    if (this.#full) return;
    try {
      const frames = tailFrames(records);
      const file = this.#file ?? this.#begin(after);
      if (crashesNext('tail-half-written')) file.append(frames.subarray(0, frames.length >> 1));
      crashPoint('tail-half-written');
      file.append(frames);
      this.#bytes += frames.length;
      this.#full = this.#bytes >= LIMITS.cacheTailBytesMax;
    } catch (thrown) {
      this.#full = true;
      throw thrown;
    }
  }

  #begin(after: Place): CacheFile {
    const file = this.#folder.create(tailName(after));
    this.#file = file;
    this.#place = after;
    file.append(tailHeader());
    return file;
  }

  /** The next record begins another tail. */
  end(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#place = undefined;
    this.#bytes = 0;
    this.#full = false;
    if (file === undefined) return;
    this.#closing = Promise.all([this.#closing, file.close()]).then(() => undefined);
    // Whoever waits for `settled` hears of it.
    this.#closing.catch(() => undefined);
  }

  /** Rejects when a tail could not be closed. */
  settled(): Promise<void> {
    return this.#closing;
  }
}
