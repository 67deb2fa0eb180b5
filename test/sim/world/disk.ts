/**
 * A disk: what was synced survives everything, what was only written survives a
 * crash of the process but not one of the machine. Renames and removals survive
 * one only once the folder was synced; content that was never synced may be torn
 * behind a new name.
 */
import type { Random } from './random.ts';

export interface DiskFile {
  /** Records in order: a torn file loses some of the last ones. */
  readonly blocks: Uint8Array[];
  syncedBlocks: number;
}

/** A change of the names. */
type NameChange = (files: Map<string, DiskFile>) => void;

export class Disk {
  #files = new Map<string, DiskFile>();
  /** The names as of the last time that the folder was synced. */
  #durable = new Map<string, DiskFile>();
  /** What became of the names since; new files are there for certain, the others as chance has it. */
  #since: { readonly change: NameChange; readonly certain: boolean }[] = [];

  append(name: string, block: Uint8Array): void {
    this.#open(name).blocks.push(block);
  }

  sync(name: string): void {
    const file = this.#open(name);
    file.syncedBlocks = file.blocks.length;
  }

  /** Other content, or none, from the start of the file. */
  overwrite(name: string, block?: Uint8Array): void {
    this.#create(name, { blocks: block === undefined ? [] : [block], syncedBlocks: 0 });
  }

  rename(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) throw new Error(`there is no file ${from}`);
    this.#name(false, (files) => {
      files.delete(from);
      files.set(to, file);
    });
  }

  remove(name: string): void {
    this.#name(false, (files) => files.delete(name));
  }

  /** Names are durable as they are now. */
  syncFolder(): void {
    this.#durable = new Map(this.#files);
    this.#since = [];
  }

  names(): readonly string[] {
    return [...this.#files.keys()];
  }

  read(name: string): readonly Uint8Array[] | undefined {
    return this.#files.get(name)?.blocks;
  }

  /** The machine lost power: of what was not synced, some of the last is gone, if it `tears` within a block. */
  losePower(random: Random, { tears }: { readonly tears: boolean }): void {
    this.#files = new Map(this.#durable);
    for (const { change, certain } of this.#since) if (certain || random.chance(0.5)) change(this.#files);
    this.syncFolder();
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
    copy.syncFolder();
    return copy;
  }

  /** Another disk's content takes the place of this one's. */
  replaceBy(other: Disk): void {
    this.#files = other.copy().#files;
    this.syncFolder();
  }

  #open(name: string): DiskFile {
    return this.#files.get(name) ?? this.#create(name, { blocks: [], syncedBlocks: 0 });
  }

  #create(name: string, file: DiskFile): DiskFile {
    this.#name(true, (files) => files.set(name, file));
    return file;
  }

  #name(certain: boolean, change: NameChange): void {
    change(this.#files);
    this.#since.push({ change, certain });
  }
}
