/**
 * A poison guard's marker, in a file that is overwritten in place: one small
 * write before something is applied or loaded and one after. Of one length
 * always, so that nothing of a longer one is left.
 */
import { formatMarker, type PoisonMarker } from '@flagstream/replica';
import type { CacheFile, CacheFolder } from './cache-folder.ts';

const LENGTH = 192;

export class MarkerFile {
  readonly #folder: CacheFolder;
  readonly #name: string;
  #file: CacheFile | undefined;
  #text: string | undefined;

  constructor(folder: CacheFolder, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** Sets it also where it is not open yet. @throws what the file system says */
  open(marker: PoisonMarker | undefined): void {
    this.#file ??= this.#folder.open(this.#name);
    this.set(marker);
  }

  /** With the operating system when it returns. @throws what the file system says */
  set(marker: PoisonMarker | undefined): void {
    const text = marker === undefined ? '' : formatMarker(marker);
    if (this.#file === undefined || text === this.#text) return;
    this.#text = undefined;
    this.#file.overwrite(Buffer.from(`${text.slice(0, LENGTH - 1).padEnd(LENGTH - 1)}\n`));
    this.#text = text;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
