/**
 * The flagd files of `dev --flags` and `serve --flags`: together they are all flags of the environment, and each is followed by itself. Of
 * one key in several files the last file's flag counts, as in flagd, unless a selector names another's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { FlagMirror } from '@flagstream/control-plane';
import type { FractionalVersion } from '@flagstream/importers';
import { FlagstreamError } from '@flagstream/protocol';
import { formatPosition, type Position } from '@flagstream/replica';
import type { SourceText } from '../document/load-documents.ts';
import { counted } from '../output/flag-text.ts';
import { UsageError } from '../usage-error.ts';
import { FollowedFile } from './followed-file.ts';
import { mergedFlags } from './merged-flags.ts';
import { FLAGD, type FlagdFlags, leftOutText, noteText, readFlagdText } from './read-flagd-text.ts';
import { servableKeyProblem } from './servable-key.ts';
import { readWhole } from './whole-reading.ts';

export interface FlagFilesOptions {
  /** As they were typed, each once. */
  readonly files: readonly string[];
  readonly fractional: FractionalVersion | undefined;
  /** A line for the person at the terminal, or in the log; a warning where the file is not in force as it is. */
  readonly tell: (line: string, level: 'info' | 'warn') => void;
}

/** What writes flags, and where the log stands. */
export interface FlagLog {
  readonly mirror: FlagMirror;
  head(): Position;
}

/** More lines of one file hide the first ones. */
const FINDINGS_SHOWN = 20;
/** A writer may be at work when the process starts. */
const FIRST_ATTEMPTS = 3;
const FIRST_PAUSE_MS = 300;

/** Findings of no file by itself. */
const ALL_FILES = '';

interface Finding {
  readonly place: string;
  readonly text: string;
}

interface OneFile {
  readonly text: string;
  readonly read: FlagdFlags;
}

export class FlagFiles {
  readonly #options: FlagFilesOptions;
  /** What is in force of each file, in the order in which they were given. */
  readonly #files = new Map<string, OneFile>();
  /** What was told of each file: flags that are left out, and what flagd would log. */
  readonly #told = new Map<string, ReadonlySet<string>>();
  #followed: readonly FollowedFile[] = [];

  private constructor(options: FlagFilesOptions) {
    this.#options = options;
  }

  /**
   * Reads the files, so that what cannot be used ends the command before anything has started.
   * @throws UsageError for a file that cannot be read
   * @throws FlagstreamError INVALID_DOCUMENT for one that flagd would not take
   */
  static async open(options: FlagFilesOptions): Promise<FlagFiles> {
    const opened = new FlagFiles(options);
    for (const file of options.files) opened.#files.set(file, await opened.#readFirst(file));
    return opened;
  }

  get names(): readonly string[] {
    return this.#options.files;
  }

  /** Keys of the flags in force, sorted. */
  keys(): readonly string[] {
    return [...new Set([...this.#files.values()].flatMap(({ read }) => [...read.flags.keys()]))].sort();
  }

  /**
   * Puts the flags in force and follows the files from here on.
   * @throws UsageError where the log holds flags that are not flagd's
   * @throws FlagstreamError what the control plane refuses
   */
  begin(log: FlagLog): void {
    const [other, ...more] = log.mirror.othersThanOf(FLAGD);
    if (other !== undefined)
      throw new UsageError(
        `the data folder holds ${counted(more.length + 1, 'flag')} that came from no flagd file, such as ${other}: the files would replace them`,
        'Name a folder of its own with --data, or leave --data out.',
      );
    this.#put(log, this.#files);
    for (const [file, { read }] of this.#files) this.#tellFindings(file, read);
    this.#followed = [...this.#files].map(([file, { text }]) => {
      const followed = new FollowedFile({
        file,
        accept: (source) => this.#accept(log, source),
        refused: (reason) =>
          this.#options.tell(
            `${named(file, reason).replace(/\.$/, '')}; the last good flags stay in force`,
            'warn',
          ),
      });
      followed.follow(text);
      return followed;
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#followed.map((followed) => followed.close()));
  }

  #accept(log: FlagLog, source: SourceText): void {
    const { file, text } = source;
    const read = this.#read(source);
    const before = log.head();
    // In the place that it has among the others.
    const files = new Map(this.#files).set(file, { text, read });
    this.#put(log, files);
    this.#files.set(file, { text, read });
    this.#tellFindings(file, read);
    const after = log.head();
    const change = after.revision === before.revision ? 'nothing changed' : formatPosition(after);
    const inForce = `${counted(read.flags.size, 'flag')} in force (${change})`;
    this.#options.tell(`${file}: read again, ${inForce}`, 'info');
  }

  #put(log: FlagLog, files: ReadonlyMap<string, OneFile>): void {
    const { flags, hidden } = mergedFlags([...files.values()].map(({ read }) => read));
    log.mirror.replace(flags, `from ${[...files.keys()].join(', ')}`.slice(0, COMMENT_MAX));
    this.#tellNews(
      ALL_FILES,
      hidden.map((text) => ({ place: '', text })),
    );
  }

  #read(source: SourceText): FlagdFlags {
    return readFlagdText(source, {
      fractional: this.#options.fractional,
      isServed: true,
      keyProblem: servableKeyProblem,
    });
  }

  async #readFirst(file: string): Promise<OneFile> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === FIRST_ATTEMPTS;
      const reading = await readWhole(file);
      if (reading.outcome === 'unreadable') throw unusable(file, reading.reason);
      if (reading.outcome === 'unsettled') {
        if (isLast) throw unusable(file, 'changes all the time');
      } else {
        const { text } = reading;
        try {
          return { text, read: this.#read({ file, text }) };
        } catch (error) {
          if (isLast || !(error instanceof FlagstreamError)) throw error;
        }
      }
      await delay(FIRST_PAUSE_MS);
    }
  }

  /** Only what is news: a flag that stays left out is not told at each change of the file. */
  #tellFindings(file: string, { leftOut, notes }: FlagdFlags): void {
    this.#tellNews(file, [
      ...leftOut.map((one) => ({ place: one.place, text: leftOutText(one) })),
      ...notes.map((note) => ({ place: note.place, text: noteText(note) })),
    ]);
  }

  #tellNews(file: string, findings: readonly Finding[]): void {
    const { tell } = this.#options;
    const known = this.#told.get(file) ?? new Set<string>();
    const news = findings.filter(({ text }) => !known.has(text));
    for (const { place, text } of news.slice(0, FINDINGS_SHOWN))
      tell(place === '' ? text : `${place}: ${text}`, 'warn');
    if (news.length > FINDINGS_SHOWN)
      tell(
        `${file === ALL_FILES ? '' : `${file}: `}and ${news.length - FINDINGS_SHOWN} more like these`,
        'warn',
      );
    this.#told.set(file, new Set(findings.map(({ text }) => text)));
  }
}

/** Long names of many files fit no comment. */
const COMMENT_MAX = 500;

/** Problems with a place begin with the file's name already. */
function named(file: string, reason: string): string {
  return reason.startsWith(`${file}:`) ? reason : `${file}: ${reason}`;
}

function unusable(file: string, reason: string): UsageError {
  return new UsageError(`${file} ${reason}`, 'Name a flagd file with --flags FILE.');
}
