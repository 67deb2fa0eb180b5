/**
 * The file that holds a client's own copy. Written aside and renamed, so that a
 * reader finds the old copy or the new one, never half of one; at most once in
 * a while, whatever the rate of changes.
 */

import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { isSystemError, messageOf } from '@flagstream/protocol';
import type { Clock } from '../clock.ts';
import type { Scope } from '../state/scope.ts';
import { type DiskCopy, decodeDiskCopy, encodeDiskCopy } from './disk-copy-format.ts';

/** A change waits at most this long for the disk. */
const WRITE_INTERVAL_MS = 5_000;
/** A set of 100,000 flags has about this many bytes. */
const FILE_BYTES_MAX = 268_435_456;

export type DiskCopyReading =
  | { readonly kind: 'read'; readonly copy: DiskCopy }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly detail: string };

/** Keys hold no "@", so two scopes never share a file. */
export function diskCopyPath(dir: string, scope: Scope): string {
  return path.join(dir, `flagstream-${scope.project}@${scope.environment}.bin`);
}

/** Never throws: a copy that cannot be used is as good as none. */
export async function readDiskCopy(dir: string, scope: Scope): Promise<DiskCopyReading> {
  const file = diskCopyPath(dir, scope);
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) return { kind: 'damaged', detail: `${file}: it has ${size} bytes` };
    const copy = decodeDiskCopy(await readFile(file));
    const { project, environment } = copy.scope;
    if (project !== scope.project || environment !== scope.environment)
      return { kind: 'damaged', detail: `${file}: it is of ${project}/${environment}` };
    return { kind: 'read', copy };
  } catch (thrown) {
    if (isSystemError(thrown, 'ENOENT')) return { kind: 'absent' };
    return {
      kind: 'damaged',
      detail: `${file}: ${messageOf(thrown)}`,
    };
  }
}

export interface DiskCopyWriterOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** What is to be written, when it is written; undefined: nothing. */
  readonly current: () => DiskCopy | undefined;
  readonly onError: (thrown: unknown) => void;
}

export class DiskCopyWriter {
  readonly #options: DiskCopyWriterOptions;
  #cancel: (() => void) | undefined;
  #writtenMs = Number.NEGATIVE_INFINITY;
  /** Writes follow one another. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: DiskCopyWriterOptions) {
    this.#options = options;
  }

  /** There is something newer to write: at once, or when the interval is over. */
  changed(): void {
    if (this.#cancel !== undefined) return;
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#writtenMs + WRITE_INTERVAL_MS - clock.monotonicMs());
    this.#cancel = clock.schedule(delayMs, () => {
      this.#cancel = undefined;
      void this.flush();
    });
  }

  /** Writes what is current; resolves when it is on disk, or reported. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writtenMs = this.#options.clock.monotonicMs();
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const copy = this.#options.current();
    if (copy === undefined) return;
    try {
      await replaceFile(diskCopyPath(this.#options.dir, copy.scope), encodeDiskCopy(copy));
    } catch (thrown) {
      this.#options.onError(thrown);
    }
  }
}

/** Clients of one process may share a folder. */
let filesAside = 0;

/** Only the owner may read it: it holds an environment's rules. */
async function replaceFile(file: string, bytes: Buffer): Promise<void> {
  const dir = path.dirname(file);
  const aside = `${file}.${process.pid}-${++filesAside}.tmp`;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  try {
    await withFile(await open(aside, 'w', 0o600), async (handle) => {
      await handle.writeFile(bytes);
      await handle.sync();
    });
    await rename(aside, file);
  } catch (thrown) {
    await rm(aside, { force: true });
    throw thrown;
  }
  // The rename itself must survive a power cut too.
  await withFile(await open(dir, 'r'), (handle) => handle.sync());
}

async function withFile(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
