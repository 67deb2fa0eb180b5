/**
 * Tells that something happened in a file's folder, which is how a file that is renamed over its old self, a symlink
 * that is swapped and one that is made anew are noticed as well as a write. A hint only: some file systems tell nothing,
 * and whoever listens looks by themselves from time to time.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import path from 'node:path';

export class FolderEvents {
  readonly #folder: string;
  readonly #onEvent: () => void;
  #watcher: FSWatcher | undefined;
  /** The folder that is watched: another of the same name may take its place. */
  #watched: string | undefined;

  constructor(file: string, onEvent: () => void) {
    this.#folder = path.dirname(path.resolve(file));
    this.#onEvent = onEvent;
    this.renew();
  }

  /** Watches the folder that has the name now. */
  renew(): void {
    const now = identityOf(this.#folder);
    if (now === this.#watched) return;
    this.close();
    if (now === undefined) return;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.#onEvent());
      watcher.on('error', () => this.close());
      this.#watcher = watcher;
      this.#watched = now;
    } catch {
      // No more watches, or none here: the looks remain.
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = undefined;
  }
}

function identityOf(folder: string): string | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? undefined : `${stats.dev} ${stats.ino}`;
}
