/**
 * What the cache needs of a file system: one folder with flat names. In
 * production it is node:fs, in the simulation a disk that loses what was not
 * synced.
 *
 * Bytes given to `append` and `overwrite` are with the operating system when
 * the call returns: they survive the end of this process, not a power loss.
 */

export interface CacheFile {
  /** Adds bytes at the end in one write, holding up the caller. @throws when not all of them were written */
  append(bytes: Uint8Array): void;
  /** Writes bytes from the start of the file in one write, holding up the caller. */
  overwrite(bytes: Uint8Array): void;
  /** Adds bytes at the end. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** What was written is durable afterwards. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface CacheFolder {
  /**
   * Makes the folder if it is not there, and claims it for this process until
   * `release`. Claiming again is free.
   * @throws FlagstreamError DATA_DIR_LOCKED when another process has it, or what the file system says.
   */
  claim(): Promise<void>;
  release(): Promise<void>;
  /** Names in the folder, in no order. */
  list(): Promise<readonly string[]>;
  /** A whole file; undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** A new file, or an existing one made empty. */
  create(name: string): CacheFile;
  /** A file with what it holds, made when it is not there. */
  open(name: string): CacheFile;
  /** Takes the place of a file of that name at once. */
  rename(from: string, to: string): Promise<void>;
  /** Also when it is not there. */
  remove(name: string): Promise<void>;
  /** New names, renames and removals are durable afterwards. */
  sync(): Promise<void>;
}
