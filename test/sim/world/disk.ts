/**
 * A disk: what was synced survives everything, what was only written survives a
 * crash of the process but not one of the machine. A name points at what was
 * renamed to it; content that was never synced may be torn behind a new name.
 */
import type { Random } from './random.ts';

export interface DiskFile {
  /** Records in order: a torn file loses some of the last ones. */
  readonly blocks: Uint8Array[];
  syncedBlocks: number;
}

export class Disk {
  readonly #files = new Map<string, DiskFile>();

  append(name: string, block: Uint8Array): void {
    this.#open(name).blocks.push(block);
  }

  sync(name: string): void {
    const file = this.#open(name);
    file.syncedBlocks = file.blocks.length;
  }

  /** Other content, or none, from the start of the file. */
  overwrite(name: string, block?: Uint8Array): void {
    this.#files.set(name, { blocks: block === undefined ? [] : [block], syncedBlocks: 0 });
  }

  rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) throw new Error(`there is no file ${from}`);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  names(): readonly string[] {
    return [...this.#files.keys()];
  }

  read(name: string): readonly Uint8Array[] | undefined {
    return this.#files.get(name)?.blocks;
  }

  /** The machine lost power: of what was not synced, some of the last is gone, if it `tears` within a block. */
  losePower(random: Random, { tears }: { readonly tears: boolean }): void {
    for (const { blocks, syncedBlocks } of this.#files.values()) {
      const kept = random.int(syncedBlocks, blocks.length);
      const torn = blocks[kept];
      blocks.length = kept;
      if (tears && torn !== undefined) blocks.push(torn.subarray(0, random.int(0, torn.length - 1)));
    }
    for (const file of this.#files.values()) file.syncedBlocks = file.blocks.length;
  }

  /** A copy as `cp` makes one. */
  copy(): Disk {
    const copy = new Disk();
    for (const [name, { blocks, syncedBlocks }] of this.#files)
      copy.#files.set(name, { blocks: [...blocks], syncedBlocks });
    return copy;
  }

  /** Another disk's content takes the place of this one's. */
  replaceBy(other: Disk): void {
    this.#files.clear();
    for (const [name, file] of other.copy().#files) this.#files.set(name, file);
  }

  #open(name: string): DiskFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { blocks: [], syncedBlocks: 0 };
      this.#files.set(name, file);
    }
    return file;
  }
}
