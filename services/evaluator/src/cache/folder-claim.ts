/**
 * One process per folder. The claim is a file `lock-<n>` that says which process
 * made it; it counts for as long as that process lives, so `kill -9` leaves
 * nothing behind that would have to be removed. A claim whose maker is gone is
 * overtaken by making the next number, which only one process can.
 *
 * A process is its number, when it started and which boot that was: numbers
 * alone are used again, and in a container they are always the same few.
 * Processes that do not see each other (two machines, two containers) are not
 * kept apart; the cache's files stay readable then, since each is checked.
 */
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fail, isSystemError } from '@flagstream/protocol';

const CLAIM = /^lock-(\d{1,15})$/;

export class FolderClaim {
  readonly #path: string;
  #name: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get held(): boolean {
    return this.#name !== undefined;
  }

  /** @throws FlagstreamError DATA_DIR_LOCKED, or what the file system says */
  take(): void {
    const before = this.#newest();
    if (before > 0) this.#requireGone(before);
    const name = `lock-${before + 1}`;
    if (!this.#make(name)) throw this.#locked('is being started');
    // Whoever saw an older folder than we did made a lower number, or gives way to ours here.
    if (this.#newest() > before + 1) {
      this.#remove(name);
      throw this.#locked('is being started');
    }
    for (const number of this.#numbers()) if (number <= before) this.#remove(`lock-${number}`);
    this.#name = name;
  }

  release(): void {
    if (this.#name !== undefined) this.#remove(this.#name);
    this.#name = undefined;
  }

  /** Written aside and linked, so that a claim is never seen half; false when another process made it. */
  #make(name: string): boolean {
    const aside = join(this.#path, `claim-${process.pid}.tmp`);
    writeFileSync(aside, identityOf(process.pid) ?? '', { mode: 0o600 });
    try {
      linkSync(aside, join(this.#path, name));
      return true;
    } catch (thrown) {
      if (isSystemError(thrown, 'EEXIST')) return false;
      throw thrown;
    } finally {
      rmSync(aside, { force: true });
    }
  }

  #requireGone(number: number): void {
    const maker = this.#read(`lock-${number}`);
    const pid = Number(/^(\d+) /.exec(maker)?.[1]);
    if (pid > 0 && identityOf(pid) === maker) throw this.#locked(`has number ${pid}`);
  }

  #read(name: string): string {
    try {
      return readFileSync(join(this.#path, name), 'utf8');
    } catch (thrown) {
      if (isSystemError(thrown, 'ENOENT')) return '';
      throw thrown;
    }
  }

  #numbers(): readonly number[] {
    return readdirSync(this.#path).flatMap((name) => {
      const number = CLAIM.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }

  #newest(): number {
    return Math.max(0, ...this.#numbers());
  }

  #remove(name: string): void {
    rmSync(join(this.#path, name), { force: true });
  }

  #locked(who: string): Error {
    return fail(
      'DATA_DIR_LOCKED',
      `another process uses the cache folder ${this.#path} (it ${who}): stop it, or use another folder`,
      { metadata: { path: this.#path } },
    );
  }
}

/** A living process as one line; undefined when there is none of this number. */
function identityOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name stands in parentheses and may hold anything; the start time is the 20th field behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Ended, and its parent has not asked yet.
    if (fields[0] === 'Z') return undefined;
    return `${pid} ${fields[19]} ${boot}`;
  } catch (thrown) {
    if (!isSystemError(thrown, 'ENOENT')) throw thrown;
    // Systems without /proc: the number has to do.
    return `${pid} `;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return isSystemError(thrown, 'EPERM');
  }
}
