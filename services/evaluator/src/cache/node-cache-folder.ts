/** A cache's folder in the file system: folder 0700, files 0600. */
import { close, constants, fstatSync, fsync, openSync, write, writeSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isSystemError, LIMITS } from '@flagstream/protocol';
import type { CacheFile, CacheFolder } from './cache-folder.ts';
import { FolderClaim } from './folder-claim.ts';

const { O_RDWR, O_CREAT, O_TRUNC } = constants;
const [closeFile, syncFile] = [promisify(close), promisify(fsync)];

export class NodeCacheFolder implements CacheFolder {
  readonly #path: string;
  readonly #claim: FolderClaim;

  constructor(path: string) {
    this.#path = resolve(path);
    this.#claim = new FolderClaim(this.#path);
  }

  async claim(): Promise<void> {
    if (this.#claim.held) return;
    await makeFolder(this.#path);
    this.#claim.take();
  }

  release(): Promise<void> {
    this.#claim.release();
    return Promise.resolve();
  }

  async list(): Promise<readonly string[]> {
    try {
      return await readdir(this.#path);
    } catch (thrown) {
      if (isSystemError(thrown, 'ENOENT')) return [];
      throw thrown;
    }
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#at(name);
    try {
      const { size } = await stat(path);
      if (size > LIMITS.cacheFileBytesMax) throw new RangeError(`it has ${size} bytes`);
      return await readFile(path);
    } catch (thrown) {
      if (isSystemError(thrown, 'ENOENT')) return undefined;
      throw thrown;
    }
  }

  create(name: string): CacheFile {
    return new NodeCacheFile(openSync(this.#at(name), O_RDWR | O_CREAT | O_TRUNC, 0o600));
  }

  open(name: string): CacheFile {
    return new NodeCacheFile(openSync(this.#at(name), O_RDWR | O_CREAT, 0o600));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#at(from), this.#at(to));
  }

  async remove(name: string): Promise<void> {
    await rm(this.#at(name), { force: true });
  }

  async sync(): Promise<void> {
    const folder = await open(this.#path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #at(name: string): string {
    return join(this.#path, name);
  }
}

class NodeCacheFile implements CacheFile {
  readonly #descriptor: number;
  #size: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#size = fstatSync(descriptor).size;
  }

  append(bytes: Uint8Array): void {
    this.#put(bytes, this.#size);
    this.#size += bytes.length;
  }

  overwrite(bytes: Uint8Array): void {
    this.#put(bytes, 0);
    this.#size = Math.max(this.#size, bytes.length);
  }

  #put(bytes: Uint8Array, at: number): void {
    const written = writeSync(this.#descriptor, bytes, 0, bytes.length, at);
    if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const written = await this.#writeSome(bytes.subarray(done));
      if (written === 0) throw new Error(`only ${done} of ${bytes.length} bytes were written`);
      done += written;
      this.#size += written;
    }
  }

  #writeSome(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#descriptor, bytes, 0, bytes.length, this.#size, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }

  sync(): Promise<void> {
    return syncFile(this.#descriptor);
  }

  close(): Promise<void> {
    return closeFile(this.#descriptor);
  }
}

/** Folder by folder: Node's own recursive form never returns below /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    if (isSystemError(thrown, 'EEXIST')) return;
    if (!isSystemError(thrown, 'ENOENT') || dirname(path) === path) throw thrown;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}
