/**
 * The poison guard's marker, in a file that is overwritten in place: one small
 * write before records are applied and one after. Of one length always, so
 * that nothing of a longer one is left.
 */
import { formatMarker, type PoisonMarker } from '@flagstream/replica';
import type { CacheFile, CacheFolder } from './cache-folder.ts';
import { MARKER_FILE } from './cache-names.ts';

const LENGTH = 192;

export class MarkerFile {
  readonly #folder: CacheFolder;
  #file: CacheFile | undefined;
  #text: string | undefined;

  constructor(folder: CacheFolder) {
    this.#folder = folder;
  }

  /** @throws what the file system says */
  open(marker: PoisonMarker | undefined): void {
    this.#file = this.#folder.open(MARKER_FILE);
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
