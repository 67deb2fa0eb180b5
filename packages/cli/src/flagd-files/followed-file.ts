/**
 * One flagd file, followed: it is read when something happens in its folder, and each second where nothing is told.
 *
 * Holds true: what is in force is always the last text that was good as a whole. A file that is broken, half written or
 * gone changes nothing, and is told once, after it has stayed so for a while: a writer may be at work.
 */

import { messageOf } from '@flagstream/protocol';
import { isJsonSource } from '../document/foreign-document.ts';
import type { SourceText } from '../document/load-documents.ts';
import { FolderEvents } from './folder-events.ts';
import { type Reading, readWhole, type Signature, signatureOf } from './whole-reading.ts';

export interface FollowedFileOptions {
  /** As it was typed. */
  readonly file: string;
  /** Puts a text in force, or throws and changes nothing. */
  readonly accept: (source: SourceText) => void;
  /** What is wrong, once for each that is. */
  readonly refused: (reason: string) => void;
  /** False: only looks, as where the file system tells nothing. */
  readonly events?: boolean;
  readonly lookMs?: number;
}

/** Between an event and the look: most writers make several events. */
const DEBOUNCE_MS = 30;
/** Without an event. */
const LOOK_MS = 1_000;
/** How long something must have been broken, or gone, to be told, and YAML unchanged to be taken for whole. */
const SETTLE_MS = 300;
/** Of file systems that tell times in whole seconds: a change within the same one looks like none. */
const COARSE_TIME_MS = 2_000;

/** Begins what is told of a file without a text; no text that is good begins so. */
const NO_TEXT = '\u0000';

/** What was found, until it has settled. */
interface Unsettled {
  readonly found: string;
  readonly sinceMs: number;
}

export class FollowedFile {
  readonly #options: FollowedFileOptions;
  /** The text in force. */
  #good: string | undefined;
  #unsettled: Unsettled | undefined;
  /** What was told last, and of what, while it is so. */
  #told: { readonly reason: string; readonly found: string } | undefined;
  #lastRead: { readonly signature: Signature; readonly atMs: number } | undefined;
  #events: FolderEvents | undefined;
  #looks: NodeJS.Timeout | undefined;
  #next: { readonly timer: NodeJS.Timeout; readonly atMs: number } | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(options: FollowedFileOptions) {
    this.#options = options;
  }

  /** Begins with a text that is in force already. */
  follow(good: string): void {
    this.#good = good;
    if (this.#options.events !== false)
      this.#events = new FolderEvents(this.#options.file, () => this.#lookIn(DEBOUNCE_MS));
    this.#looks = setInterval(() => void this.#glance(), this.#options.lookMs ?? LOOK_MS);
    // It may have changed since it was read.
    this.#lookIn(0);
  }

  /** Settles when no look is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#events?.close();
    clearInterval(this.#looks);
    clearTimeout(this.#next?.timer);
    await this.#looking;
  }

  /** Looks where the file may be another than the one that was read last. */
  async #glance(): Promise<void> {
    this.#events?.renew();
    const now = await signatureOf(this.#options.file);
    const read = this.#lastRead;
    const isSame =
      now !== undefined &&
      now.text === read?.signature.text &&
      Math.abs(read.atMs - now.modifiedMs) > COARSE_TIME_MS;
    if (!isSame || this.#unsettled !== undefined) this.#lookIn(0);
  }

  #lookIn(ms: number): void {
    const atMs = performance.now() + ms;
    if (this.#closed || (this.#next !== undefined && this.#next.atMs <= atMs)) return;
    clearTimeout(this.#next?.timer);
    const timer = setTimeout(() => {
      this.#next = undefined;
      // One look after the other.
      this.#looking = (this.#looking ?? Promise.resolve()).then(() => this.#look());
    }, ms);
    this.#next = { timer, atMs };
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const atMs = Date.now();
    const reading = await readWhole(this.#options.file);
    if (this.#closed) return;
    this.#lastRead = reading.outcome === 'read' ? { signature: reading.signature, atMs } : undefined;
    this.#judge(reading);
  }

  #judge(reading: Reading): void {
    switch (reading.outcome) {
      case 'unsettled':
        this.#lookIn(SETTLE_MS);
        return;
      case 'unreadable':
        this.#judgeUnreadable(reading.reason);
        return;
      case 'read':
        this.#judgeText(reading.text);
    }
  }

  #judgeUnreadable(reason: string): void {
    const found = `${NO_TEXT}${reason}`;
    if (found !== this.#told?.found && this.#hasSettled(found)) this.#tell(reason, found);
  }

  #judgeText(text: string): void {
    if (text === this.#told?.found) return;
    const isInForce = text === this.#good;
    if (isInForce && this.#told === undefined) {
      this.#unsettled = undefined;
      return;
    }
    const source = { file: this.#options.file, text };
    const hasSettled = isInForce || this.#hasSettled(text);
    if (!hasSettled && !isJsonSource(source)) return;
    try {
      this.#options.accept(source);
      this.#good = text;
      this.#told = undefined;
      this.#unsettled = undefined;
    } catch (error) {
      if (hasSettled) this.#tell(messageOf(error), text);
    }
  }

  /** Whether this was found before, long enough ago; if not, there will be another look. */
  #hasSettled(found: string): boolean {
    const nowMs = performance.now();
    if (this.#unsettled?.found !== found) this.#unsettled = { found, sinceMs: nowMs };
    const leftMs = this.#unsettled.sinceMs + SETTLE_MS - nowMs;
    if (leftMs <= 0) return true;
    this.#lookIn(leftMs);
    return false;
  }

  #tell(reason: string, found: string): void {
    const isNew = this.#told?.reason !== reason;
    this.#told = { reason, found };
    this.#unsettled = undefined;
    if (isNew) this.#options.refused(reason);
  }
}
