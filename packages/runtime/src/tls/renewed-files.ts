/**
 * What files say, kept up to date: they are read again every few seconds, on
 * SIGHUP, and whenever the owner asks.
 *
 * Holds true: only a whole that fits is ever in force. Files that do not fit
 * (also those that are half replaced) change nothing; that is told and counted
 * once for what they hold. A pipe, which can be read only once, is.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { LIMITS, messageOf } from '@flagstream/protocol';
import { type ReadText, readTextFile } from '../config/config-sources.ts';

/** The part of `process` that is used. */
export interface HangupTarget {
  on(signal: 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGHUP', listener: () => void): unknown;
}

/** Why the files are looked at: time has passed, somebody asked by hand, a connection is being made. */
export type LookCause = 'change' | 'SIGHUP' | 'connection';

export interface Looks {
  /** Who gets SIGHUP; absent: nobody, only changes of the files count. */
  readonly hangup?: HangupTarget | undefined;
  /** Between two looks at the files, in milliseconds. */
  readonly lookMs?: number | undefined;
}

export interface RenewedFilesOptions<T> extends Looks {
  /** Makes the whole of what it reads by the function given. @throws Error saying what does not fit */
  readonly read: (read: ReadText) => T;
  /** Another whole is in force. */
  readonly renewed: (value: T, cause: LookCause) => void;
  readonly refused: (detail: string, cause: LookCause) => void;
}

export class RenewedFiles<T> {
  readonly #options: RenewedFilesOptions<T>;
  readonly #onHangup = (): void => this.look('SIGHUP');
  /** Of what is no regular file, by path. */
  readonly #readOnce = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #value: T;
  /** Of all that the value was made of. */
  #digest: string;
  /** What was refused last, so that it is told once. */
  #refused: string | undefined;
  #renewals = 0;
  #refusals = 0;

  /** @throws what reading throws: at first there is nothing to stay with */
  constructor(options: RenewedFilesOptions<T>) {
    this.#options = options;
    const seen = new SeenTexts((path) => this.#text(path));
    this.#value = options.read(seen.read);
    this.#digest = seen.digest();
    // Where no file is named there is nothing to look at, and SIGHUP keeps its meaning.
    if (seen.files === 0) return;
    this.#timer = setInterval(() => this.look('change'), options.lookMs ?? LIMITS.certificateLookMs);
    this.#timer.unref();
    options.hangup?.on('SIGHUP', this.#onHangup);
  }

  /** What is in force. */
  get value(): T {
    return this.#value;
  }

  get renewals(): number {
    return this.#renewals;
  }

  get refusals(): number {
    return this.#refusals;
  }

  /** Reads the files; nothing happens when they hold what is in force. */
  look(cause: LookCause): void {
    const seen = new SeenTexts((path) => this.#text(path));
    let value: T;
    try {
      value = this.#options.read(seen.read);
    } catch (error) {
      this.#refuse(`${seen.digest()} ${messageOf(error)}`, messageOf(error), cause);
      return;
    }
    this.#refused = undefined;
    const digest = seen.digest();
    if (digest === this.#digest) return;
    this.#digest = digest;
    this.#value = value;
    this.#renewals += 1;
    this.#options.renewed(value, cause);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.hangup?.off('SIGHUP', this.#onHangup);
  }

  #refuse(seen: string, detail: string, cause: LookCause): void {
    // Whoever asks by hand gets an answer each time.
    if (this.#refused === seen && cause !== 'SIGHUP') return;
    this.#refused = seen;
    this.#refusals += 1;
    this.#options.refused(detail, cause);
  }

  /** Opening a pipe whose writer is gone would wait for ever. */
  #text(path: string): string {
    const kept = this.#readOnce.get(path);
    if (kept !== undefined) return kept;
    const text = readTextFile(path);
    if (!statSync(path).isFile()) this.#readOnce.set(path, text);
    return text;
  }
}

/** Texts as they are read, with one digest over all of them. */
class SeenTexts {
  readonly #hash = createHash('sha256');
  readonly #text: ReadText;
  files = 0;

  constructor(text: ReadText) {
    this.#text = text;
  }

  readonly read: ReadText = (path) => {
    this.files += 1;
    const text = this.#text(path);
    this.#hash.update(createHash('sha256').update(text).digest());
    return text;
  };

  /** To be asked once. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
